//! Opens a device as root, and reads its packets as another user, without privileges. Linux only.
//!
//!     cargo run -p pcap-core --example drop_privileges -- DEVICE USER

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    use pcap_core::Capture;
    use pcap_core::os::linux::{User, drop_privileges};

    let args: Vec<String> = std::env::args().skip(1).collect();
    let [device, user] = &args[..] else {
        anyhow::bail!("usage: drop_privileges DEVICE USER");
    };
    let user = User::from_name(user)?;
    let mut capture = Capture::from_device(device).activate()?;
    drop_privileges(&user)?;
    println!("capturing on {device} as {user}");

    // A second capture would require privileges.
    match Capture::from_device(device).activate() {
        Ok(_) => anyhow::bail!("another capture is permitted"),
        Err(error) => println!("{}", error.text()),
    }
    for packet in capture.packets().take(10) {
        println!("{} bytes", packet?.wire_len());
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("only Linux has these privileges");
}
