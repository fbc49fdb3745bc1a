/*
 * Debian's libdbus-1.a calls libsystemd to check whether a D-Bus server was passed sockets. libsystemd has no static
 * library, or since Debian 13 one with further dependencies. A capturing program is not a D-Bus server, so these functions
 * return what libsystemd returns in a process without passed sockets. They are weak, so a real libsystemd takes precedence.
 */
__attribute__((weak)) int sd_listen_fds(int unset_environment)
{
    (void)unset_environment;
    return 0;
}

__attribute__((weak)) int sd_is_socket(int fd, int family, int type, int listening)
{
    (void)fd;
    (void)family;
    (void)type;
    (void)listening;
    return 0;
}
