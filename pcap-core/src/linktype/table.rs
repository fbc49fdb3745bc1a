//! The table of link types, with their numbers, names and descriptions in savefiles and in libpcap's API.

use super::{Dlt, Linktype};
use crate::sys;

/// Defines the constants and the tables of names from one list. A row contains the name and number in savefiles, the
/// name and number in this system's API, and a description.
macro_rules! link_types {
    (
        both {
            $($file:ident = $file_value:literal, $api:ident = $api_value:expr, $text:literal;)*
        }
        only_in_files {
            $($only_file:ident = $only_file_value:literal, $only_file_text:literal;)*
        }
        only_in_the_interface {
            $($only_api:ident = $only_api_value:literal, $only_api_text:literal;)*
        }
        other_names {
            $($alias:ident = $of:ident;)*
        }
    ) => {
        impl Linktype {
            $(
                #[doc = concat!($text, ": ", stringify!($file_value), ".")]
                pub const $file: Linktype = Linktype::new($file_value);
            )*
            $(
                #[doc = concat!($only_file_text, ": ", stringify!($only_file_value), ".")]
                pub const $only_file: Linktype = Linktype::new($only_file_value);
            )*
        }

        impl Dlt {
            $(
                #[doc = concat!($text, ".")]
                pub const $api: Dlt = Dlt::new($api_value);
            )*
            $(
                #[doc = concat!($only_api_text, ".")]
                pub const $only_api: Dlt = Dlt::new($only_api_value);
            )*
            $(
                #[doc = concat!("Another name for [`", stringify!($of), "`](Dlt::", stringify!($of), ").")]
                pub const $alias: Dlt = Dlt::$of;
            )*
        }

        /// Every link type of savefiles.
        pub(super) const FILE: &[Row<Linktype>] = &[
            $(Row {
                value: Linktype::$file,
                name: concat!("LINKTYPE_", stringify!($file)),
                text: $text,
            },)*
            $(Row {
                value: Linktype::$only_file,
                name: concat!("LINKTYPE_", stringify!($only_file)),
                text: $only_file_text,
            },)*
        ];

        /// Every link type of the API; aliases come last.
        pub(super) const API: &[Row<Dlt>] = &[
            $(Row { value: Dlt::$api, name: stringify!($api), text: $text },)*
            $(Row { value: Dlt::$only_api, name: stringify!($only_api), text: $only_api_text },)*
            $(Row { value: Dlt::$alias, name: stringify!($alias), text: "" },)*
        ];
    };
}

/// A link type with its name and description.
#[derive(Debug)]
pub(super) struct Row<T: 'static> {
    pub(super) value: T,
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

// Numbers that are the same on every system are literals, because older headers lack the newer ones. The others come
// from the header.
link_types! {
    both {
        NULL = 0, NULL = 0, "BSD loopback, with the protocol family in the byte order of the capturing host";
        ETHERNET = 1, EN10MB = 1, "Ethernet";
        EXP_ETHERNET = 2, EN3MB = 2, "Xerox experimental 3 Mb/s Ethernet";
        AX25 = 3, AX25 = 3, "AX.25";
        PRONET = 4, PRONET = 4, "Proteon ProNET Token Ring";
        CHAOS = 5, CHAOS = 5, "MIT Chaosnet";
        IEEE802_5 = 6, IEEE802 = 6, "IEEE 802.5 Token Ring";
        ARCNET_BSD = 7, ARCNET = 7, "ARCNET with a BSD header";
        SLIP = 8, SLIP = 8, "SLIP with a direction header";
        PPP = 9, PPP = 9, "PPP";
        FDDI = 10, FDDI = 10, "FDDI";
        PPP_HDLC = 50, PPP_SERIAL = 50, "PPP in HDLC-like framing, or Cisco point-to-point with HDLC framing";
        PPP_ETHER = 51, PPP_ETHER = 51, "PPPoE session packets";
        SYMANTEC_FIREWALL = 99, SYMANTEC_FIREWALL = 99, "Symantec Enterprise Firewall";
        ATM_RFC1483 = 100, ATM_RFC1483 = 11, "RFC 1483 LLC-encapsulated ATM";
        RAW = 101, RAW = sys::DLT_RAW, "Raw IP, beginning with an IPv4 or IPv6 header";
        SLIP_BSDOS = 102, SLIP_BSDOS = sys::DLT_SLIP_BSDOS, "BSD/OS SLIP";
        PPP_BSDOS = 103, PPP_BSDOS = sys::DLT_PPP_BSDOS, "BSD/OS PPP";
        C_HDLC = 104, C_HDLC = 104, "Cisco PPP with HDLC framing";
        IEEE802_11 = 105, IEEE802_11 = 105, "IEEE 802.11 wireless LAN";
        ATM_CLIP = 106, ATM_CLIP = 19, "Linux Classical IP over ATM";
        FRELAY = 107, FRELAY = 107, "Frame Relay";
        LOOP = 108, LOOP = sys::DLT_LOOP, "OpenBSD loopback, with the protocol family in network byte order";
        ENC = 109, ENC = sys::DLT_ENC, "OpenBSD encapsulated IP (IPsec)";
        NETBSD_HDLC = 112, HDLC = sys::HDLC, "NetBSD Cisco HDLC";
        LINUX_SLL = 113, LINUX_SLL = 113, "Linux cooked capture, version 1";
        LTALK = 114, LTALK = 114, "Apple LocalTalk";
        ECONET = 115, ECONET = 115, "Acorn Econet";
        IPFILTER = 116, IPFILTER = 116, "OpenBSD ipfilter";
        PFLOG = 117, PFLOG = 117, "OpenBSD pflog";
        CISCO_IOS = 118, CISCO_IOS = 118, "Reserved for internal use by Cisco";
        IEEE802_11_PRISM = 119, PRISM_HEADER = 119, "IEEE 802.11 with a Prism monitor mode header";
        IEEE802_11_AIRONET = 120, AIRONET_HEADER = 120, "IEEE 802.11 with an Aironet header";
        HHDLC = 121, HHDLC = 121, "Siemens HiPath HDLC";
        IP_OVER_FC = 122, IP_OVER_FC = 122, "RFC 2625 IP over Fibre Channel";
        SUNATM = 123, SUNATM = 123, "ATM as captured by SunATM devices";
        RIO = 124, RIO = 124, "RapidIO";
        PCI_EXP = 125, PCI_EXP = 125, "PCI Express";
        AURORA = 126, AURORA = 126, "Xilinx Aurora";
        IEEE802_11_RADIOTAP = 127, IEEE802_11_RADIO = 127, "IEEE 802.11 with a radiotap header";
        TZSP = 128, TZSP = 128, "Tazmen Sniffer Protocol";
        ARCNET_LINUX = 129, ARCNET_LINUX = 129, "ARCNET with a Linux header";
        JUNIPER_MLPPP = 130, JUNIPER_MLPPP = 130, "Juniper Multi-Link PPP";
        JUNIPER_MLFR = 131, JUNIPER_MLFR = 131, "Juniper Multi-Link Frame Relay";
        JUNIPER_ES = 132, JUNIPER_ES = 132, "Juniper Encryption Services PIC";
        JUNIPER_GGSN = 133, JUNIPER_GGSN = 133, "Juniper GGSN PIC";
        JUNIPER_MFR = 134, JUNIPER_MFR = 134, "Juniper FRF.16 Frame Relay";
        JUNIPER_ATM2 = 135, JUNIPER_ATM2 = 135, "Juniper ATM2 PIC";
        JUNIPER_SERVICES = 136, JUNIPER_SERVICES = 136, "Juniper Advanced Services PIC";
        JUNIPER_ATM1 = 137, JUNIPER_ATM1 = 137, "Juniper ATM1 PIC";
        APPLE_IP_OVER_IEEE1394 = 138, APPLE_IP_OVER_IEEE1394 = 138, "Apple IP over IEEE 1394";
        MTP2_WITH_PHDR = 139, MTP2_WITH_PHDR = 139, "SS7 MTP2 with a pseudo-header";
        MTP2 = 140, MTP2 = 140, "SS7 MTP2";
        MTP3 = 141, MTP3 = 141, "SS7 MTP3";
        SCCP = 142, SCCP = 142, "SS7 SCCP";
        DOCSIS = 143, DOCSIS = 143, "DOCSIS MAC frames";
        LINUX_IRDA = 144, LINUX_IRDA = 144, "Linux IrDA";
        IBM_SP = 145, IBM_SP = 145, "IBM SP switch";
        IBM_SN = 146, IBM_SN = 146, "IBM Next Federation switch";
        USER0 = 147, USER0 = 147, "Private use 0";
        USER1 = 148, USER1 = 148, "Private use 1";
        USER2 = 149, USER2 = 149, "Private use 2";
        USER3 = 150, USER3 = 150, "Private use 3";
        USER4 = 151, USER4 = 151, "Private use 4";
        USER5 = 152, USER5 = 152, "Private use 5";
        USER6 = 153, USER6 = 153, "Private use 6";
        USER7 = 154, USER7 = 154, "Private use 7";
        USER8 = 155, USER8 = 155, "Private use 8";
        USER9 = 156, USER9 = 156, "Private use 9";
        USER10 = 157, USER10 = 157, "Private use 10";
        USER11 = 158, USER11 = 158, "Private use 11";
        USER12 = 159, USER12 = 159, "Private use 12";
        USER13 = 160, USER13 = 160, "Private use 13";
        USER14 = 161, USER14 = 161, "Private use 14";
        USER15 = 162, USER15 = 162, "Private use 15";
        IEEE802_11_AVS = 163, IEEE802_11_RADIO_AVS = 163, "IEEE 802.11 with an AVS header";
        JUNIPER_MONITOR = 164, JUNIPER_MONITOR = 164, "Juniper Passive Monitor PIC";
        BACNET_MS_TP = 165, BACNET_MS_TP = 165, "BACnet MS/TP";
        PPP_PPPD = 166, PPP_PPPD = 166, "PPP as seen by pppd on Linux, with a direction byte";
        JUNIPER_PPPOE = 167, JUNIPER_PPPOE = 167, "Juniper PPPoE";
        JUNIPER_PPPOE_ATM = 168, JUNIPER_PPPOE_ATM = 168, "Juniper PPPoE over ATM";
        GPRS_LLC = 169, GPRS_LLC = 169, "GPRS LLC";
        GPF_T = 170, GPF_T = 170, "GPF-T (ITU-T G.7041)";
        GPF_F = 171, GPF_F = 171, "GPF-F (ITU-T G.7041)";
        GCOM_T1E1 = 172, GCOM_T1E1 = 172, "Gcom T1/E1 line monitoring";
        GCOM_SERIAL = 173, GCOM_SERIAL = 173, "Gcom serial line monitoring";
        JUNIPER_PIC_PEER = 174, JUNIPER_PIC_PEER = 174, "Juniper PIC Peer";
        ERF_ETH = 175, ERF_ETH = 175, "Ethernet with an Endace ERF header";
        ERF_POS = 176, ERF_POS = 176, "Packet-over-SONET with an Endace ERF header";
        LINUX_LAPD = 177, LINUX_LAPD = 177, "Linux vISDN LAPD";
        JUNIPER_ETHER = 178, JUNIPER_ETHER = 178, "Juniper Ethernet";
        JUNIPER_PPP = 179, JUNIPER_PPP = 179, "Juniper PPP";
        JUNIPER_FRELAY = 180, JUNIPER_FRELAY = 180, "Juniper Frame Relay";
        JUNIPER_CHDLC = 181, JUNIPER_CHDLC = 181, "Juniper Cisco HDLC";
        MFR = 182, MFR = 182, "FRF.16 Multi-Link Frame Relay";
        JUNIPER_VP = 183, JUNIPER_VP = 183, "Juniper Voice PIC";
        A429 = 184, A429 = 184, "ARINC 429";
        A653_ICM = 185, A653_ICM = 185, "ARINC 653 interpartition communication";
        USB_FREEBSD = 186, USB_FREEBSD = 186, "USB with a FreeBSD header";
        BLUETOOTH_HCI_H4 = 187, BLUETOOTH_HCI_H4 = 187, "Bluetooth HCI UART transport layer";
        IEEE802_16_MAC_CPS = 188, IEEE802_16_MAC_CPS = 188, "IEEE 802.16 MAC Common Part Sublayer";
        USB_LINUX = 189, USB_LINUX = 189, "USB with a 48-byte Linux header";
        CAN20B = 190, CAN20B = 190, "Controller Area Network (CAN) 2.0B";
        IEEE802_15_4_LINUX = 191, IEEE802_15_4_LINUX = 191, "IEEE 802.15.4 with Linux padding";
        PPI = 192, PPI = 192, "Per-Packet Information";
        IEEE802_16_MAC_CPS_RADIO = 193, IEEE802_16_MAC_CPS_RADIO = 193, "IEEE 802.16 MAC Common Part Sublayer with a radio header";
        JUNIPER_ISM = 194, JUNIPER_ISM = 194, "Juniper Integrated Service Module";
        IEEE802_15_4_WITHFCS = 195, IEEE802_15_4_WITHFCS = 195, "IEEE 802.15.4 with a frame check sequence";
        SITA = 196, SITA = 196, "SITA with a pseudo-header";
        ERF = 197, ERF = 197, "Endace ERF records";
        RAIF1 = 198, RAIF1 = 198, "Ethernet with a u10 Networks pseudo-header";
        IPMB_KONTRON = 199, IPMB_KONTRON = 199, "IPMB with a Kontron pseudo-header";
        JUNIPER_ST = 200, JUNIPER_ST = 200, "Juniper Secure Tunnel";
        BLUETOOTH_HCI_H4_WITH_PHDR = 201, BLUETOOTH_HCI_H4_WITH_PHDR = 201, "Bluetooth HCI UART transport layer with a direction header";
        AX25_KISS = 202, AX25_KISS = 202, "AX.25 with a KISS header";
        LAPD = 203, LAPD = 203, "ISDN D channel LAPD";
        PPP_WITH_DIR = 204, PPP_WITH_DIR = 204, "PPP with a direction byte";
        C_HDLC_WITH_DIR = 205, C_HDLC_WITH_DIR = 205, "Cisco HDLC with a direction byte";
        FRELAY_WITH_DIR = 206, FRELAY_WITH_DIR = 206, "Frame Relay with a direction byte";
        LAPB_WITH_DIR = 207, LAPB_WITH_DIR = 207, "LAPB with a direction byte";
        IPMB_LINUX = 209, IPMB_LINUX = 209, "IPMB with a Linux pseudo-header";
        FLEXRAY = 210, FLEXRAY = 210, "FlexRay";
        MOST = 211, MOST = 211, "Media Oriented Systems Transport (MOST)";
        LIN = 212, LIN = 212, "Local Interconnect Network (LIN)";
        X2E_SERIAL = 213, X2E_SERIAL = 213, "X2E serial line captures";
        X2E_XORAYA = 214, X2E_XORAYA = 214, "X2E Xoraya";
        IEEE802_15_4_NONASK_PHY = 215, IEEE802_15_4_NONASK_PHY = 215, "IEEE 802.15.4 with a physical-layer header for non-ASK PHYs";
        LINUX_EVDEV = 216, LINUX_EVDEV = 216, "Linux evdev events";
        GSMTAP_UM = 217, GSMTAP_UM = 217, "GSM Um interface with a GSMTAP header";
        GSMTAP_ABIS = 218, GSMTAP_ABIS = 218, "GSM Abis interface with a GSMTAP header";
        MPLS = 219, MPLS = 219, "MPLS";
        USB_LINUX_MMAPPED = 220, USB_LINUX_MMAPPED = 220, "USB with a 64-byte Linux header";
        DECT = 221, DECT = 221, "DECT with a pseudo-header";
        AOS = 222, AOS = 222, "AOS Space Data Link";
        WIHART = 223, WIHART = 223, "WirelessHART";
        FC_2 = 224, FC_2 = 224, "Fibre Channel FC-2";
        FC_2_WITH_FRAME_DELIMS = 225, FC_2_WITH_FRAME_DELIMS = 225, "Fibre Channel FC-2 with frame delimiters";
        IPNET = 226, IPNET = 226, "Solaris ipnet";
        CAN_SOCKETCAN = 227, CAN_SOCKETCAN = 227, "CAN with a SocketCAN header";
        IPV4 = 228, IPV4 = 228, "Raw IPv4";
        IPV6 = 229, IPV6 = 229, "Raw IPv6";
        IEEE802_15_4_NOFCS = 230, IEEE802_15_4_NOFCS = 230, "IEEE 802.15.4 without a frame check sequence";
        DBUS = 231, DBUS = 231, "D-Bus messages";
        JUNIPER_VS = 232, JUNIPER_VS = 232, "Juniper Virtual Server";
        JUNIPER_SRX_E2E = 233, JUNIPER_SRX_E2E = 233, "Juniper SRX E2E";
        JUNIPER_FIBRECHANNEL = 234, JUNIPER_FIBRECHANNEL = 234, "Juniper Fibre Channel";
        DVB_CI = 235, DVB_CI = 235, "DVB-CI";
        MUX27010 = 236, MUX27010 = 236, "3GPP TS 27.010 multiplexing";
        STANAG_5066_D_PDU = 237, STANAG_5066_D_PDU = 237, "STANAG 5066 D_PDUs";
        JUNIPER_ATM_CEMIC = 238, JUNIPER_ATM_CEMIC = 238, "Juniper ATM CEMIC";
        NFLOG = 239, NFLOG = 239, "Linux netfilter log messages";
        NETANALYZER = 240, NETANALYZER = 240, "Ethernet with a Hilscher netANALYZER pseudo-header";
        NETANALYZER_TRANSPARENT = 241, NETANALYZER_TRANSPARENT = 241, "Ethernet with a Hilscher netANALYZER pseudo-header, preamble and start-of-frame delimiter";
        IPOIB = 242, IPOIB = 242, "RFC 4391 IP over InfiniBand";
        MPEG_2_TS = 243, MPEG_2_TS = 243, "MPEG-2 transport stream";
        NG40 = 244, NG40 = 244, "ng40 protocol tester Iub/Iur";
        NFC_LLCP = 245, NFC_LLCP = 245, "NFC LLCP with a pseudo-header";
        PFSYNC = 246, PFSYNC = sys::DLT_PFSYNC, "Packet filter state synchronization";
        INFINIBAND = 247, INFINIBAND = 247, "InfiniBand";
        SCTP = 248, SCTP = 248, "SCTP";
        USBPCAP = 249, USBPCAP = 249, "USB with a USBPcap header";
        RTAC_SERIAL = 250, RTAC_SERIAL = 250, "Schweitzer Engineering Laboratories RTAC serial line captures";
        BLUETOOTH_LE_LL = 251, BLUETOOTH_LE_LL = 251, "Bluetooth Low Energy air interface";
        WIRESHARK_UPPER_PDU = 252, WIRESHARK_UPPER_PDU = 252, "Upper-layer protocols saved by Wireshark";
        NETLINK = 253, NETLINK = 253, "Linux netlink";
        BLUETOOTH_LINUX_MONITOR = 254, BLUETOOTH_LINUX_MONITOR = 254, "Bluetooth Linux monitor";
        BLUETOOTH_BREDR_BB = 255, BLUETOOTH_BREDR_BB = 255, "Bluetooth BR/EDR baseband";
        BLUETOOTH_LE_LL_WITH_PHDR = 256, BLUETOOTH_LE_LL_WITH_PHDR = 256, "Bluetooth Low Energy air interface with a pseudo-header";
        PROFIBUS_DL = 257, PROFIBUS_DL = 257, "PROFIBUS data link layer";
        PKTAP = 258, PKTAP = sys::DLT_PKTAP, "Apple PKTAP";
        EPON = 259, EPON = 259, "Ethernet with an EPON preamble";
        IPMI_HPM_2 = 260, IPMI_HPM_2 = 260, "IPMI trace packets (HPM.2)";
        ZWAVE_R1_R2 = 261, ZWAVE_R1_R2 = 261, "Z-Wave RF profiles R1 and R2";
        ZWAVE_R3 = 262, ZWAVE_R3 = 262, "Z-Wave RF profile R3";
        WATTSTOPPER_DLM = 263, WATTSTOPPER_DLM = 263, "WattStopper Digital Lighting Management and Legrand Nitoo";
        ISO_14443 = 264, ISO_14443 = 264, "ISO 14443 contactless cards";
        RDS = 265, RDS = 265, "Radio Data System groups (IEC 62106)";
        USB_DARWIN = 266, USB_DARWIN = 266, "USB with a Darwin header";
        OPENFLOW = 267, OPENFLOW = 267, "OpenBSD OpenFlow";
        SDLC = 268, SDLC = 268, "IBM SDLC";
        TI_LLN_SNIFFER = 269, TI_LLN_SNIFFER = 269, "TI LLN sniffer";
        LORATAP = 270, LORATAP = 270, "LoRaTap";
        VSOCK = 271, VSOCK = 271, "Linux vsock";
        NORDIC_BLE = 272, NORDIC_BLE = 272, "Nordic Semiconductor Bluetooth LE sniffer";
        DOCSIS31_XRA31 = 273, DOCSIS31_XRA31 = 273, "Excentis XRA-31 DOCSIS 3.1 sniffer";
        ETHERNET_MPACKET = 274, ETHERNET_MPACKET = 274, "IEEE 802.3br mPackets";
        DISPLAYPORT_AUX = 275, DISPLAYPORT_AUX = 275, "DisplayPort AUX channel";
        LINUX_SLL2 = 276, LINUX_SLL2 = 276, "Linux cooked capture, version 2";
        SERCOS_MONITOR = 277, SERCOS_MONITOR = 277, "Sercos monitor";
        OPENVIZSLA = 278, OPENVIZSLA = 278, "OpenVizsla USB";
        EBHSCR = 279, EBHSCR = 279, "Elektrobit High Speed Capture and Replay";
        VPP_DISPATCH = 280, VPP_DISPATCH = 280, "VPP graph dispatch trace";
        DSA_TAG_BRCM = 281, DSA_TAG_BRCM = 281, "Ethernet with a Broadcom switch tag";
        DSA_TAG_BRCM_PREPEND = 282, DSA_TAG_BRCM_PREPEND = 282, "Ethernet with a prepended Broadcom switch tag";
        IEEE802_15_4_TAP = 283, IEEE802_15_4_TAP = 283, "IEEE 802.15.4 with a TAP header";
        DSA_TAG_DSA = 284, DSA_TAG_DSA = 284, "Ethernet with a Marvell DSA tag";
        DSA_TAG_EDSA = 285, DSA_TAG_EDSA = 285, "Ethernet with a Marvell EDSA tag";
        ELEE = 286, ELEE = 286, "ELEE lawful intercept packets";
        Z_WAVE_SERIAL = 287, Z_WAVE_SERIAL = 287, "Z-Wave serial frames between host and chip";
        USB_2_0 = 288, USB_2_0 = 288, "USB 2.0, 1.1 or 1.0 packets, as transmitted over the cable";
        ATSC_ALP = 289, ATSC_ALP = 289, "ATSC Link-Layer Protocol (A/330)";
        ETW = 290, ETW = 290, "Event Tracing for Windows messages";
        NETANALYZER_NG = 291, NETANALYZER_NG = 291, "Hilscher netANALYZER NG";
        ZBOSS_NCP = 292, ZBOSS_NCP = 292, "ZBOSS NCP serial protocol with a pseudo-header";
        USB_2_0_LOW_SPEED = 293, USB_2_0_LOW_SPEED = 293, "Low-speed USB packets, as transmitted over the cable";
        USB_2_0_FULL_SPEED = 294, USB_2_0_FULL_SPEED = 294, "Full-speed USB packets, as transmitted over the cable";
        USB_2_0_HIGH_SPEED = 295, USB_2_0_HIGH_SPEED = 295, "High-speed USB packets, as transmitted over the cable";
        AUERSWALD_LOG = 296, AUERSWALD_LOG = 296, "Auerswald Logger";
        ZWAVE_TAP = 297, ZWAVE_TAP = 297, "Z-Wave with a TAP header";
        SILABS_DEBUG_CHANNEL = 298, SILABS_DEBUG_CHANNEL = 298, "Silicon Labs debug channel";
        FIRA_UCI = 299, FIRA_UCI = 299, "FiRa ultra-wideband controller interface";
        MDB = 300, MDB = 300, "Multi-Drop Bus (MDB) of vending machines";
        DECT_NR = 301, DECT_NR = 301, "DECT-2020 New Radio MAC layer";
        EDK2_MM = 302, EDK2_MM = 302, "EDK II MM communication";
        DEBUG_ONLY = 303, DEBUG_ONLY = 303, "For private debugging only; not for use in shared savefiles";
        DECT_NR_TAP = 304, DECT_NR_TAP = 304, "DECT-2020 New Radio with a TAP header";
    }
    only_in_files {
        LANE8023 = 110, "802.3 frames over ATM LAN Emulation (LANE)";
        HIPPI = 111, "NetBSD HIPPI";
    }
    only_in_the_interface {
        REDBACK_SMARTEDGE = 32, "Redback SmartEdge";
    }
    other_names {
        CHDLC = C_HDLC;
        PPP_WITH_DIRECTION = PPP_PPPD;
        LINUX_PPP_WITHDIRECTION = PPP_PPPD;
        USB = USB_FREEBSD;
        IEEE802_15_4 = IEEE802_15_4_WITHFCS;
    }
}
