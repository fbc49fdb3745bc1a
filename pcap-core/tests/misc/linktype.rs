//! The two numberings of link types, compared with the linked libpcap.

use std::ffi::{CString, c_char};
use std::path::Path;

use pcap_core::{Dlt, ErrorKind, Linktype};

/// The numbers that are tried: all named ones, and many others.
const NUMBERS: std::ops::RangeInclusive<u16> = 0..=400;

fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().unwrap()).unwrap()
}

/// Returns the link type in the header of a savefile that libpcap writes for a DLT, or `None` if it fails.
fn written_by_libpcap(path: &Path, dlt: Dlt) -> Option<u32> {
    let c_path = c_path(path);
    // SAFETY: takes any numbers.
    let dead = unsafe { pcap_sys::pcap_open_dead(dlt.value(), 65535) };
    assert!(!dead.is_null());
    // SAFETY: the handle is open, and the path a C string that outlives the call.
    let dumper = unsafe { pcap_sys::pcap_dump_open(dead, c_path.as_ptr()) };
    if !dumper.is_null() {
        // SAFETY: just opened, and closed once.
        unsafe { pcap_sys::pcap_dump_close(dumper) };
    }
    // SAFETY: just opened, and closed once.
    unsafe { pcap_sys::pcap_close(dead) };
    if dumper.is_null() {
        return None;
    }
    let file = std::fs::read(path).unwrap();
    assert_eq!(file.len(), 24);
    Some(u32::from_ne_bytes(file[20..24].try_into().unwrap()))
}

/// Returns the DLT that libpcap gives a savefile with that link type in its header.
fn read_by_libpcap(path: &Path, linktype: u32) -> Dlt {
    let mut header = Vec::with_capacity(24);
    header.extend(0xa1b2_c3d4_u32.to_ne_bytes());
    header.extend(2_u16.to_ne_bytes());
    header.extend(4_u16.to_ne_bytes());
    header.extend([0; 8]);
    header.extend(65535_u32.to_ne_bytes());
    header.extend(linktype.to_ne_bytes());
    std::fs::write(path, header).unwrap();
    let c_path = c_path(path);
    let mut errbuf = [0 as c_char; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: the path is a C string, and the buffer has the required size.
    let pcap = unsafe { pcap_sys::pcap_open_offline(c_path.as_ptr(), errbuf.as_mut_ptr()) };
    assert!(
        !pcap.is_null(),
        "libpcap does not open link type {linktype}"
    );
    // SAFETY: open.
    let dlt = unsafe { pcap_sys::pcap_datalink(pcap) };
    // SAFETY: open, and closed once.
    unsafe { pcap_sys::pcap_close(pcap) };
    Dlt::new(dlt)
}

#[test]
fn link_type_map_agrees_with_libpcap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dlt.pcap");
    let mut supported = 0;
    for number in NUMBERS {
        let dlt = Dlt::new(number.into());
        if let Some(linktype) = written_by_libpcap(&path, dlt) {
            supported += 1;
            assert_eq!(Linktype::from(dlt).value(), linktype, "{dlt:?}");
        }
    }
    // All between 104 and 287, and those before that have a number in files.
    assert!(supported > 200, "only {supported} were supported");
}

#[test]
fn savefiles_libpcap_reads_hold_our_map() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linktype.pcap");
    for number in NUMBERS.map(u32::from).chain([0xffff]) {
        let linktype = Linktype::new(number);
        assert_eq!(
            Dlt::from(linktype),
            read_by_libpcap(&path, number),
            "{linktype:?}"
        );
    }
}

/// Files have LINKTYPE_ numbers, calls have DLT_ numbers, and they differ: RAW is 101 and 12.
// Shows: libpcap/linktype-numbers-files-handed, parity/link-types-files-calls
#[test]
fn linktype_numbers_are_not_dlt_numbers() {
    assert_eq!(Linktype::RAW.value(), 101);
    assert_ne!(Dlt::RAW.value(), 101);
    assert_eq!(Dlt::from(Linktype::RAW), Dlt::RAW);
    assert_eq!(Linktype::from(Dlt::RAW), Linktype::RAW);
    assert_eq!(Linktype::from(Dlt::ATM_CLIP), Linktype::ATM_CLIP);
    assert_ne!(Linktype::ATM_CLIP.value(), Dlt::ATM_CLIP.value() as u32);
    if cfg!(target_os = "linux") {
        assert_eq!(Dlt::RAW.value(), 12);
    }
}

/// Link types were once truncated to 8 bits: 276 was read as 20.
// Shows: libpcap/linktype-numbers-files-handed, parity/get-set-list-link, parity/link-types-cut-8
#[test]
fn link_types_keep_more_than_8_bits() {
    assert_eq!(Linktype::LINUX_SLL2.value(), 276);
    assert_eq!(Linktype::from(Dlt::new(276)), Linktype::new(276));
    assert_eq!(Dlt::from(Linktype::new(276)), Dlt::LINUX_SLL2);
    assert_ne!(Linktype::new(276), Linktype::new(20));
    for number in [305, 0xffff, 0x0224_0002, u32::MAX] {
        let unknown = Linktype::new(number);
        assert_eq!(unknown.value(), number);
        assert_eq!(Linktype::from(Dlt::from(unknown)), unknown);
        assert_eq!((unknown.name(), unknown.description()), (None, None));
        assert_eq!(unknown.to_string(), number.to_string());
        assert_eq!(number.to_string().parse::<Linktype>().unwrap(), unknown);
    }
    for number in [-1, i32::MIN, i32::MAX] {
        let unknown = Dlt::new(number);
        assert_eq!(Dlt::from(Linktype::from(unknown)), unknown);
        assert_eq!((unknown.name(), unknown.description()), (None, None));
        assert_eq!(number.to_string().parse::<Dlt>().unwrap(), unknown);
    }
}

// Shows: parity/get-set-list-link
#[test]
fn the_constants_are_those_of_the_header() {
    // Those in the header of libpcap 1.10.0.
    for (ours, theirs) in [
        (Dlt::NULL, pcap_sys::DLT_NULL),
        (Dlt::EN10MB, pcap_sys::DLT_EN10MB),
        (Dlt::EN3MB, pcap_sys::DLT_EN3MB),
        (Dlt::AX25, pcap_sys::DLT_AX25),
        (Dlt::PRONET, pcap_sys::DLT_PRONET),
        (Dlt::CHAOS, pcap_sys::DLT_CHAOS),
        (Dlt::IEEE802, pcap_sys::DLT_IEEE802),
        (Dlt::ARCNET, pcap_sys::DLT_ARCNET),
        (Dlt::SLIP, pcap_sys::DLT_SLIP),
        (Dlt::PPP, pcap_sys::DLT_PPP),
        (Dlt::FDDI, pcap_sys::DLT_FDDI),
        (Dlt::PPP_SERIAL, pcap_sys::DLT_PPP_SERIAL),
        (Dlt::PPP_ETHER, pcap_sys::DLT_PPP_ETHER),
        (Dlt::SYMANTEC_FIREWALL, pcap_sys::DLT_SYMANTEC_FIREWALL),
        (Dlt::ATM_RFC1483, pcap_sys::DLT_ATM_RFC1483),
        (Dlt::RAW, pcap_sys::DLT_RAW),
        (Dlt::SLIP_BSDOS, pcap_sys::DLT_SLIP_BSDOS),
        (Dlt::PPP_BSDOS, pcap_sys::DLT_PPP_BSDOS),
        (Dlt::C_HDLC, pcap_sys::DLT_C_HDLC),
        (Dlt::IEEE802_11, pcap_sys::DLT_IEEE802_11),
        (Dlt::ATM_CLIP, pcap_sys::DLT_ATM_CLIP),
        (Dlt::FRELAY, pcap_sys::DLT_FRELAY),
        (Dlt::LOOP, pcap_sys::DLT_LOOP),
        (Dlt::ENC, pcap_sys::DLT_ENC),
        // The headers of libpcap 1.10.0 lack it.
        (Dlt::HDLC, if cfg!(target_os = "netbsd") { 16 } else { 112 }),
        (Dlt::LINUX_SLL, pcap_sys::DLT_LINUX_SLL),
        (Dlt::LTALK, pcap_sys::DLT_LTALK),
        (Dlt::ECONET, pcap_sys::DLT_ECONET),
        (Dlt::IPFILTER, pcap_sys::DLT_IPFILTER),
        (Dlt::PFLOG, pcap_sys::DLT_PFLOG),
        (Dlt::CISCO_IOS, pcap_sys::DLT_CISCO_IOS),
        (Dlt::PRISM_HEADER, pcap_sys::DLT_PRISM_HEADER),
        (Dlt::AIRONET_HEADER, pcap_sys::DLT_AIRONET_HEADER),
        (Dlt::IP_OVER_FC, pcap_sys::DLT_IP_OVER_FC),
        (Dlt::SUNATM, pcap_sys::DLT_SUNATM),
        (Dlt::RIO, pcap_sys::DLT_RIO),
        (Dlt::PCI_EXP, pcap_sys::DLT_PCI_EXP),
        (Dlt::AURORA, pcap_sys::DLT_AURORA),
        (Dlt::IEEE802_11_RADIO, pcap_sys::DLT_IEEE802_11_RADIO),
        (Dlt::TZSP, pcap_sys::DLT_TZSP),
        (Dlt::ARCNET_LINUX, pcap_sys::DLT_ARCNET_LINUX),
        (Dlt::JUNIPER_MLPPP, pcap_sys::DLT_JUNIPER_MLPPP),
        (Dlt::JUNIPER_MLFR, pcap_sys::DLT_JUNIPER_MLFR),
        (Dlt::JUNIPER_ES, pcap_sys::DLT_JUNIPER_ES),
        (Dlt::JUNIPER_GGSN, pcap_sys::DLT_JUNIPER_GGSN),
        (Dlt::JUNIPER_MFR, pcap_sys::DLT_JUNIPER_MFR),
        (Dlt::JUNIPER_ATM2, pcap_sys::DLT_JUNIPER_ATM2),
        (Dlt::JUNIPER_SERVICES, pcap_sys::DLT_JUNIPER_SERVICES),
        (Dlt::JUNIPER_ATM1, pcap_sys::DLT_JUNIPER_ATM1),
        (
            Dlt::APPLE_IP_OVER_IEEE1394,
            pcap_sys::DLT_APPLE_IP_OVER_IEEE1394,
        ),
        (Dlt::MTP2_WITH_PHDR, pcap_sys::DLT_MTP2_WITH_PHDR),
        (Dlt::MTP2, pcap_sys::DLT_MTP2),
        (Dlt::MTP3, pcap_sys::DLT_MTP3),
        (Dlt::SCCP, pcap_sys::DLT_SCCP),
        (Dlt::DOCSIS, pcap_sys::DLT_DOCSIS),
        (Dlt::LINUX_IRDA, pcap_sys::DLT_LINUX_IRDA),
        (Dlt::IBM_SP, pcap_sys::DLT_IBM_SP),
        (Dlt::IBM_SN, pcap_sys::DLT_IBM_SN),
        (Dlt::USER0, pcap_sys::DLT_USER0),
        (Dlt::USER1, pcap_sys::DLT_USER1),
        (Dlt::USER2, pcap_sys::DLT_USER2),
        (Dlt::USER3, pcap_sys::DLT_USER3),
        (Dlt::USER4, pcap_sys::DLT_USER4),
        (Dlt::USER5, pcap_sys::DLT_USER5),
        (Dlt::USER6, pcap_sys::DLT_USER6),
        (Dlt::USER7, pcap_sys::DLT_USER7),
        (Dlt::USER8, pcap_sys::DLT_USER8),
        (Dlt::USER9, pcap_sys::DLT_USER9),
        (Dlt::USER10, pcap_sys::DLT_USER10),
        (Dlt::USER11, pcap_sys::DLT_USER11),
        (Dlt::USER12, pcap_sys::DLT_USER12),
        (Dlt::USER13, pcap_sys::DLT_USER13),
        (Dlt::USER14, pcap_sys::DLT_USER14),
        (Dlt::USER15, pcap_sys::DLT_USER15),
        (
            Dlt::IEEE802_11_RADIO_AVS,
            pcap_sys::DLT_IEEE802_11_RADIO_AVS,
        ),
        (Dlt::JUNIPER_MONITOR, pcap_sys::DLT_JUNIPER_MONITOR),
        (Dlt::BACNET_MS_TP, pcap_sys::DLT_BACNET_MS_TP),
        (Dlt::PPP_PPPD, pcap_sys::DLT_PPP_PPPD),
        (Dlt::JUNIPER_PPPOE, pcap_sys::DLT_JUNIPER_PPPOE),
        (Dlt::JUNIPER_PPPOE_ATM, pcap_sys::DLT_JUNIPER_PPPOE_ATM),
        (Dlt::GPRS_LLC, pcap_sys::DLT_GPRS_LLC),
        (Dlt::GPF_T, pcap_sys::DLT_GPF_T),
        (Dlt::GPF_F, pcap_sys::DLT_GPF_F),
        (Dlt::GCOM_T1E1, pcap_sys::DLT_GCOM_T1E1),
        (Dlt::GCOM_SERIAL, pcap_sys::DLT_GCOM_SERIAL),
        (Dlt::JUNIPER_PIC_PEER, pcap_sys::DLT_JUNIPER_PIC_PEER),
        (Dlt::ERF_ETH, pcap_sys::DLT_ERF_ETH),
        (Dlt::ERF_POS, pcap_sys::DLT_ERF_POS),
        (Dlt::LINUX_LAPD, pcap_sys::DLT_LINUX_LAPD),
        (Dlt::JUNIPER_ETHER, pcap_sys::DLT_JUNIPER_ETHER),
        (Dlt::JUNIPER_PPP, pcap_sys::DLT_JUNIPER_PPP),
        (Dlt::JUNIPER_FRELAY, pcap_sys::DLT_JUNIPER_FRELAY),
        (Dlt::JUNIPER_CHDLC, pcap_sys::DLT_JUNIPER_CHDLC),
        (Dlt::MFR, pcap_sys::DLT_MFR),
        (Dlt::JUNIPER_VP, pcap_sys::DLT_JUNIPER_VP),
        (Dlt::A429, pcap_sys::DLT_A429),
        (Dlt::A653_ICM, pcap_sys::DLT_A653_ICM),
        (Dlt::USB_FREEBSD, pcap_sys::DLT_USB_FREEBSD),
        (Dlt::BLUETOOTH_HCI_H4, pcap_sys::DLT_BLUETOOTH_HCI_H4),
        (Dlt::IEEE802_16_MAC_CPS, pcap_sys::DLT_IEEE802_16_MAC_CPS),
        (Dlt::USB_LINUX, pcap_sys::DLT_USB_LINUX),
        (Dlt::CAN20B, pcap_sys::DLT_CAN20B),
        (Dlt::IEEE802_15_4_LINUX, pcap_sys::DLT_IEEE802_15_4_LINUX),
        (Dlt::PPI, pcap_sys::DLT_PPI),
        (
            Dlt::IEEE802_16_MAC_CPS_RADIO,
            pcap_sys::DLT_IEEE802_16_MAC_CPS_RADIO,
        ),
        (Dlt::JUNIPER_ISM, pcap_sys::DLT_JUNIPER_ISM),
        (
            Dlt::IEEE802_15_4_WITHFCS,
            pcap_sys::DLT_IEEE802_15_4_WITHFCS,
        ),
        (Dlt::SITA, pcap_sys::DLT_SITA),
        (Dlt::ERF, pcap_sys::DLT_ERF),
        (Dlt::RAIF1, pcap_sys::DLT_RAIF1),
        (Dlt::IPMB_KONTRON, pcap_sys::DLT_IPMB_KONTRON),
        (Dlt::JUNIPER_ST, pcap_sys::DLT_JUNIPER_ST),
        (
            Dlt::BLUETOOTH_HCI_H4_WITH_PHDR,
            pcap_sys::DLT_BLUETOOTH_HCI_H4_WITH_PHDR,
        ),
        (Dlt::AX25_KISS, pcap_sys::DLT_AX25_KISS),
        (Dlt::LAPD, pcap_sys::DLT_LAPD),
        (Dlt::PPP_WITH_DIR, pcap_sys::DLT_PPP_WITH_DIR),
        (Dlt::C_HDLC_WITH_DIR, pcap_sys::DLT_C_HDLC_WITH_DIR),
        (Dlt::FRELAY_WITH_DIR, pcap_sys::DLT_FRELAY_WITH_DIR),
        (Dlt::LAPB_WITH_DIR, pcap_sys::DLT_LAPB_WITH_DIR),
        (Dlt::IPMB_LINUX, pcap_sys::DLT_IPMB_LINUX),
        (Dlt::FLEXRAY, pcap_sys::DLT_FLEXRAY),
        (Dlt::MOST, pcap_sys::DLT_MOST),
        (Dlt::LIN, pcap_sys::DLT_LIN),
        (Dlt::X2E_SERIAL, pcap_sys::DLT_X2E_SERIAL),
        (Dlt::X2E_XORAYA, pcap_sys::DLT_X2E_XORAYA),
        (
            Dlt::IEEE802_15_4_NONASK_PHY,
            pcap_sys::DLT_IEEE802_15_4_NONASK_PHY,
        ),
        (Dlt::LINUX_EVDEV, pcap_sys::DLT_LINUX_EVDEV),
        (Dlt::GSMTAP_UM, pcap_sys::DLT_GSMTAP_UM),
        (Dlt::GSMTAP_ABIS, pcap_sys::DLT_GSMTAP_ABIS),
        (Dlt::MPLS, pcap_sys::DLT_MPLS),
        (Dlt::USB_LINUX_MMAPPED, pcap_sys::DLT_USB_LINUX_MMAPPED),
        (Dlt::DECT, pcap_sys::DLT_DECT),
        (Dlt::AOS, pcap_sys::DLT_AOS),
        (Dlt::WIHART, pcap_sys::DLT_WIHART),
        (Dlt::FC_2, pcap_sys::DLT_FC_2),
        (
            Dlt::FC_2_WITH_FRAME_DELIMS,
            pcap_sys::DLT_FC_2_WITH_FRAME_DELIMS,
        ),
        (Dlt::IPNET, pcap_sys::DLT_IPNET),
        (Dlt::CAN_SOCKETCAN, pcap_sys::DLT_CAN_SOCKETCAN),
        (Dlt::IPV4, pcap_sys::DLT_IPV4),
        (Dlt::IPV6, pcap_sys::DLT_IPV6),
        (Dlt::IEEE802_15_4_NOFCS, pcap_sys::DLT_IEEE802_15_4_NOFCS),
        (Dlt::DBUS, pcap_sys::DLT_DBUS),
        (Dlt::JUNIPER_VS, pcap_sys::DLT_JUNIPER_VS),
        (Dlt::JUNIPER_SRX_E2E, pcap_sys::DLT_JUNIPER_SRX_E2E),
        (
            Dlt::JUNIPER_FIBRECHANNEL,
            pcap_sys::DLT_JUNIPER_FIBRECHANNEL,
        ),
        (Dlt::DVB_CI, pcap_sys::DLT_DVB_CI),
        (Dlt::MUX27010, pcap_sys::DLT_MUX27010),
        (Dlt::STANAG_5066_D_PDU, pcap_sys::DLT_STANAG_5066_D_PDU),
        (Dlt::JUNIPER_ATM_CEMIC, pcap_sys::DLT_JUNIPER_ATM_CEMIC),
        (Dlt::NFLOG, pcap_sys::DLT_NFLOG),
        (Dlt::NETANALYZER, pcap_sys::DLT_NETANALYZER),
        (
            Dlt::NETANALYZER_TRANSPARENT,
            pcap_sys::DLT_NETANALYZER_TRANSPARENT,
        ),
        (Dlt::IPOIB, pcap_sys::DLT_IPOIB),
        (Dlt::MPEG_2_TS, pcap_sys::DLT_MPEG_2_TS),
        (Dlt::NG40, pcap_sys::DLT_NG40),
        (Dlt::NFC_LLCP, pcap_sys::DLT_NFC_LLCP),
        (Dlt::PFSYNC, pcap_sys::DLT_PFSYNC),
        (Dlt::INFINIBAND, pcap_sys::DLT_INFINIBAND),
        (Dlt::SCTP, pcap_sys::DLT_SCTP),
        (Dlt::USBPCAP, pcap_sys::DLT_USBPCAP),
        (Dlt::RTAC_SERIAL, pcap_sys::DLT_RTAC_SERIAL),
        (Dlt::BLUETOOTH_LE_LL, pcap_sys::DLT_BLUETOOTH_LE_LL),
        (Dlt::WIRESHARK_UPPER_PDU, pcap_sys::DLT_WIRESHARK_UPPER_PDU),
        (Dlt::NETLINK, pcap_sys::DLT_NETLINK),
        (
            Dlt::BLUETOOTH_LINUX_MONITOR,
            pcap_sys::DLT_BLUETOOTH_LINUX_MONITOR,
        ),
        (Dlt::BLUETOOTH_BREDR_BB, pcap_sys::DLT_BLUETOOTH_BREDR_BB),
        (
            Dlt::BLUETOOTH_LE_LL_WITH_PHDR,
            pcap_sys::DLT_BLUETOOTH_LE_LL_WITH_PHDR,
        ),
        (Dlt::PROFIBUS_DL, pcap_sys::DLT_PROFIBUS_DL),
        (Dlt::PKTAP, pcap_sys::DLT_PKTAP),
        (Dlt::EPON, pcap_sys::DLT_EPON),
        (Dlt::IPMI_HPM_2, pcap_sys::DLT_IPMI_HPM_2),
        (Dlt::ZWAVE_R1_R2, pcap_sys::DLT_ZWAVE_R1_R2),
        (Dlt::ZWAVE_R3, pcap_sys::DLT_ZWAVE_R3),
        (Dlt::WATTSTOPPER_DLM, pcap_sys::DLT_WATTSTOPPER_DLM),
        (Dlt::ISO_14443, pcap_sys::DLT_ISO_14443),
        (Dlt::RDS, pcap_sys::DLT_RDS),
        (Dlt::USB_DARWIN, pcap_sys::DLT_USB_DARWIN),
        (Dlt::OPENFLOW, pcap_sys::DLT_OPENFLOW),
        (Dlt::SDLC, pcap_sys::DLT_SDLC),
        (Dlt::TI_LLN_SNIFFER, pcap_sys::DLT_TI_LLN_SNIFFER),
        (Dlt::LORATAP, pcap_sys::DLT_LORATAP),
        (Dlt::VSOCK, pcap_sys::DLT_VSOCK),
        (Dlt::NORDIC_BLE, pcap_sys::DLT_NORDIC_BLE),
        (Dlt::DOCSIS31_XRA31, pcap_sys::DLT_DOCSIS31_XRA31),
        (Dlt::ETHERNET_MPACKET, pcap_sys::DLT_ETHERNET_MPACKET),
        (Dlt::DISPLAYPORT_AUX, pcap_sys::DLT_DISPLAYPORT_AUX),
        (Dlt::LINUX_SLL2, pcap_sys::DLT_LINUX_SLL2),
        (Dlt::SERCOS_MONITOR, pcap_sys::DLT_SERCOS_MONITOR),
        (Dlt::OPENVIZSLA, pcap_sys::DLT_OPENVIZSLA),
        (Dlt::EBHSCR, pcap_sys::DLT_EBHSCR),
        (Dlt::VPP_DISPATCH, pcap_sys::DLT_VPP_DISPATCH),
        (Dlt::DSA_TAG_BRCM, pcap_sys::DLT_DSA_TAG_BRCM),
        (
            Dlt::DSA_TAG_BRCM_PREPEND,
            pcap_sys::DLT_DSA_TAG_BRCM_PREPEND,
        ),
        (Dlt::IEEE802_15_4_TAP, pcap_sys::DLT_IEEE802_15_4_TAP),
        (Dlt::DSA_TAG_DSA, pcap_sys::DLT_DSA_TAG_DSA),
        (Dlt::DSA_TAG_EDSA, pcap_sys::DLT_DSA_TAG_EDSA),
    ] {
        assert_eq!(ours.value(), theirs, "{ours:?}");
    }
}

// Shows: parity/savefiles-version-byte-order, parity/get-set-list-link
#[test]
fn names_and_descriptions_go_both_ways() {
    let mut named = 0;
    for number in NUMBERS {
        let dlt = Dlt::new(number.into());
        let Some(name) = dlt.name() else {
            assert_eq!(dlt.to_string(), number.to_string());
            continue;
        };
        named += 1;
        assert_eq!(dlt.to_string(), name);
        assert!(dlt.description().is_some(), "{name}");
        assert!(!name.starts_with("DLT_"));
        let prefixed = format!("Dlt_{name}");
        for text in [&name, &name.to_lowercase(), &name.to_uppercase(), &prefixed] {
            assert_eq!(Dlt::from_name(text), Some(dlt), "{text}");
            assert_eq!(text.parse::<Dlt>().unwrap(), dlt, "{text}");
        }
    }
    assert!(named > 200, "only {named} have a name");

    let mut named = 0;
    for number in NUMBERS {
        let linktype = Linktype::new(number.into());
        let Some(name) = linktype.name() else {
            continue;
        };
        named += 1;
        assert_eq!(linktype.to_string(), name);
        assert!(linktype.description().is_some_and(|text| !text.is_empty()));
        let bare = name.strip_prefix("LINKTYPE_").unwrap();
        for text in [name, bare, &name.to_lowercase(), &bare.to_lowercase()] {
            assert_eq!(Linktype::from_name(text), Some(linktype), "{text}");
            assert_eq!(text.parse::<Linktype>().unwrap(), linktype, "{text}");
        }
    }
    assert!(named > 210, "only {named} have a name");
}

#[test]
fn other_names_are_read_too() {
    assert_eq!(Dlt::from_name("CHDLC"), Some(Dlt::C_HDLC));
    assert_eq!(Dlt::from_name("dlt_usb"), Some(Dlt::USB_FREEBSD));
    assert_eq!(
        Dlt::from_name("IEEE802_15_4"),
        Some(Dlt::IEEE802_15_4_WITHFCS)
    );
    assert_eq!(
        Dlt::from_name("IEEE802_15_4_WITHFCS"),
        Some(Dlt::IEEE802_15_4)
    );
}

#[test]
fn an_unknown_name_is_an_error() {
    for text in [
        "",
        "DLT_",
        "LINKTYPE_",
        "E\0N10MB",
        "Ethern\u{e9}t",
        "4294967296",
        "1.5",
        " 1",
    ] {
        assert_eq!(Dlt::from_name(text), None, "{text:?}");
        assert_eq!(Linktype::from_name(text), None, "{text:?}");
        assert_eq!(
            text.parse::<Dlt>().unwrap_err().kind(),
            ErrorKind::InvalidArgument
        );
        let error = text.parse::<Linktype>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.object(), Some(text));
    }
}

#[test]
fn display_is_a_name_debug_a_number() {
    assert_eq!(format!("{:?}", Dlt::EN10MB), "Dlt(1 = EN10MB)");
    assert_eq!(
        format!("{:?}", Linktype::RAW),
        "Linktype(101 = LINKTYPE_RAW)"
    );
    assert_eq!(format!("{:?}", Dlt::new(9999)), "Dlt(9999)");
    assert_eq!(format!("{:>8}|", Dlt::EN10MB), "  EN10MB|");
}
