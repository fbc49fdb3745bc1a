//! Opening, with passwords and TLS.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pcap_core::remote::{self, Auth, Options, Source};
use pcap_core::{ErrorKind, Next};

use super::{UNSUPPORTED, begin, host, on, payload, send, sender};
use crate::support::Netns;
use crate::support::alone;
use crate::support::rpcapd;
use crate::support::rpcapd::{Daemon, PORT};

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn errors_of_opening_a_remote_capture_are_typed() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let error = on("no-such-device").open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice, "{error}");
    let nobody = Source::remote("127.0.0.1", PORT + 1, "lo").unwrap();
    let refused = ErrorKind::Io(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        Options::new(nobody.clone()).open().unwrap_err().kind(),
        refused
    );
    assert_eq!(
        remote::devices(&nobody, &Auth::Null).unwrap_err().kind(),
        refused
    );
    let nowhere = Source::remote("no.such.host.invalid", None, "lo").unwrap();
    let error = Options::new(nowhere).open().unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Io(std::io::ErrorKind::NotFound),
        "{error}"
    );
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn only_the_right_password_opens() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    // In a private view of the file system, root has a password chosen by the test.
    let password = "correct horse";
    let hash = openssl(["passwd", "-6", password]);
    let shadow = folder.path().join("shadow");
    std::fs::write(
        &shadow,
        format!("root:{}:19000:0:99999:7:::\n", hash.trim()),
    )
    .unwrap();
    let mut command = Command::new("unshare");
    // In a chroot, `/` may be no mount point.
    command.args(["--mount", "--propagation", "unchanged", "sh", "-c"]);
    command.args([
        "mount --make-rprivate / 2>/dev/null; mount --bind \"$1\" /etc/shadow && shift && exec \"$@\"",
        "sh",
    ]);
    command.arg(&shadow).arg(rpcapd::program());
    let _daemon = Daemon::run(command);

    for auth in [
        Auth::Null,
        Auth::password("root", "wrong"),
        Auth::password("no-such-user", "wrong"),
    ] {
        for error in [
            remote::devices(&host(), &auth).unwrap_err(),
            on("lo").auth(auth.clone()).open().unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::AuthenticationFailed, "{error}");
            assert!(!error.to_string().contains("setcap"), "{error}");
        }
    }
    let auth = Auth::password("root", password);
    assert!(!remote::devices(&host(), &auth).unwrap().is_empty());
    let mut capture = on("lo").auth(auth).filter("udp port 9").open().unwrap();
    begin(&mut capture, &sender());
}

fn openssl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut command = Command::new("openssl");
    command.args(arguments);
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn tls_daemon(folder: &Path) -> Daemon {
    let [key, certificate] = ["key.pem", "cert.pem"].map(|n| folder.join(n).display().to_string());
    openssl([
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=test",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]);
    Daemon::with(["-n", "-S", "-K", &key, "-X", &certificate])
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn through_tls_it_is_the_same() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = tls_daemon(folder.path());
    let host = host().tls(true);
    let devices = match remote::devices(&host, &Auth::Null) {
        Err(error) if error.kind() == UNSUPPORTED => {
            // The error must say so, and the daemon would not have started either.
            panic!("libpcap was built without TLS, and its rpcapd with: {error}");
        }
        devices => devices.unwrap(),
    };
    assert!(
        devices
            .iter()
            .any(|d| d.name() == format!("rpcaps://127.0.0.1:{PORT}/lo"))
    );
    let source = host.with_device("lo").unwrap();
    let options = Options::new(source).own_packets(true);
    let mut capture = options.filter("udp port 9").open().unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    for round in 0..5 {
        (0..100u8).for_each(|n| send(&socket, &[n; 200]));
        for n in 0..100 {
            let packet = capture.next_packet().unwrap().unwrap();
            assert_eq!(payload(packet.data()), [n; 200], "{round}");
        }
    }
    let wait = Duration::from_millis(200);
    let start = Instant::now();
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    let took = start.elapsed();
    assert!(
        took >= wait && took < wait + Duration::from_millis(150),
        "{took:?}"
    );
    assert!(capture.stats().unwrap().received >= 500);
    // The daemon has sent two packets before the filter changes. They are read and rejected.
    (0..2).for_each(|_| send(&socket, &[1; 50]));
    std::thread::sleep(Duration::from_millis(400));
    capture.set_filter("udp port 9 and greater 120").unwrap();
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    send(&socket, &[2; 200]);
    let packet = capture.next_packet().unwrap().unwrap();
    assert_eq!(payload(packet.data()), [2; 200]);
    daemon.kill();
    let error = capture.next_packet().unwrap_err();
    assert_eq!(
        capture.next_packet().unwrap_err().to_string(),
        error.to_string()
    );
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_daemon_without_tls_is_an_error_for_rpcaps() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let source = host().tls(true).with_device("lo").unwrap();
    Options::new(source).open().unwrap_err();
    on("lo").open().unwrap();
}
