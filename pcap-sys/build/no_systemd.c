/*
 * Debian's libdbus-1.a asks libsystemd whether sockets were handed over to a D-Bus server. libsystemd has no static
 * library, or since Debian 13 one that needs still more. A program that captures is no D-Bus server: the answer is
 * what libsystemd itself says in a process that was given no sockets. Weak, so that a real libsystemd goes before.
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
