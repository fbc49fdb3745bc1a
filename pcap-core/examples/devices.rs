//! Lists the capture devices with their addresses. Listing needs no privileges on most systems.
//!
//!     cargo run -p pcap-core --example devices

use pcap_core::Device;

fn main() -> pcap_core::Result<()> {
    for device in Device::list()? {
        let state = match (device.is_up(), device.is_running()) {
            (true, true) => "running",
            (true, false) => "up",
            (false, _) => "down",
        };
        println!("{} ({state})", device.name());
        if let Some(description) = device.description() {
            println!("    {description}");
        }
        if let Some(mac) = device.mac_address() {
            println!("    {mac}");
        }
        for ip in device.ip_addresses() {
            println!("    {ip}");
        }
    }
    let default = Device::default_device()?;
    println!("default device: {}", default.name());
    Ok(())
}
