/* Made by ci/update-bindings from the headers of libpcap 1.10.5. */

pub const DLT_LOW_MATCHING_MIN: i32 = 0;
pub const DLT_NULL: i32 = 0;
pub const DLT_EN10MB: i32 = 1;
pub const DLT_EN3MB: i32 = 2;
pub const DLT_AX25: i32 = 3;
pub const DLT_PRONET: i32 = 4;
pub const DLT_CHAOS: i32 = 5;
pub const DLT_IEEE802: i32 = 6;
pub const DLT_ARCNET: i32 = 7;
pub const DLT_SLIP: i32 = 8;
pub const DLT_PPP: i32 = 9;
pub const DLT_FDDI: i32 = 10;
pub const DLT_LOW_MATCHING_MAX: i32 = 10;
pub const DLT_ATM_RFC1483: i32 = 11;
pub const DLT_RAW: i32 = 12;
pub const DLT_SLIP_BSDOS: i32 = 15;
pub const DLT_PPP_BSDOS: i32 = 16;
pub const DLT_ATM_CLIP: i32 = 19;
pub const DLT_REDBACK_SMARTEDGE: i32 = 32;
pub const DLT_PPP_SERIAL: i32 = 50;
pub const DLT_PPP_ETHER: i32 = 51;
pub const DLT_SYMANTEC_FIREWALL: i32 = 99;
pub const DLT_HIGH_MATCHING_MIN: i32 = 104;
pub const DLT_C_HDLC: i32 = 104;
pub const DLT_CHDLC: i32 = 104;
pub const DLT_IEEE802_11: i32 = 105;
pub const DLT_FRELAY: i32 = 107;
pub const DLT_LOOP: i32 = 108;
pub const DLT_ENC: i32 = 109;
pub const DLT_HDLC: i32 = 112;
pub const DLT_LINUX_SLL: i32 = 113;
pub const DLT_LTALK: i32 = 114;
pub const DLT_ECONET: i32 = 115;
pub const DLT_IPFILTER: i32 = 116;
pub const DLT_PFLOG: i32 = 117;
pub const DLT_CISCO_IOS: i32 = 118;
pub const DLT_PRISM_HEADER: i32 = 119;
pub const DLT_AIRONET_HEADER: i32 = 120;
pub const DLT_HHDLC: i32 = 121;
pub const DLT_IP_OVER_FC: i32 = 122;
pub const DLT_SUNATM: i32 = 123;
pub const DLT_RIO: i32 = 124;
pub const DLT_PCI_EXP: i32 = 125;
pub const DLT_AURORA: i32 = 126;
pub const DLT_IEEE802_11_RADIO: i32 = 127;
pub const DLT_TZSP: i32 = 128;
pub const DLT_ARCNET_LINUX: i32 = 129;
pub const DLT_JUNIPER_MLPPP: i32 = 130;
pub const DLT_JUNIPER_MLFR: i32 = 131;
pub const DLT_JUNIPER_ES: i32 = 132;
pub const DLT_JUNIPER_GGSN: i32 = 133;
pub const DLT_JUNIPER_MFR: i32 = 134;
pub const DLT_JUNIPER_ATM2: i32 = 135;
pub const DLT_JUNIPER_SERVICES: i32 = 136;
pub const DLT_JUNIPER_ATM1: i32 = 137;
pub const DLT_APPLE_IP_OVER_IEEE1394: i32 = 138;
pub const DLT_MTP2_WITH_PHDR: i32 = 139;
pub const DLT_MTP2: i32 = 140;
pub const DLT_MTP3: i32 = 141;
pub const DLT_SCCP: i32 = 142;
pub const DLT_DOCSIS: i32 = 143;
pub const DLT_LINUX_IRDA: i32 = 144;
pub const DLT_IBM_SP: i32 = 145;
pub const DLT_IBM_SN: i32 = 146;
pub const DLT_USER0: i32 = 147;
pub const DLT_USER1: i32 = 148;
pub const DLT_USER2: i32 = 149;
pub const DLT_USER3: i32 = 150;
pub const DLT_USER4: i32 = 151;
pub const DLT_USER5: i32 = 152;
pub const DLT_USER6: i32 = 153;
pub const DLT_USER7: i32 = 154;
pub const DLT_USER8: i32 = 155;
pub const DLT_USER9: i32 = 156;
pub const DLT_USER10: i32 = 157;
pub const DLT_USER11: i32 = 158;
pub const DLT_USER12: i32 = 159;
pub const DLT_USER13: i32 = 160;
pub const DLT_USER14: i32 = 161;
pub const DLT_USER15: i32 = 162;
pub const DLT_IEEE802_11_RADIO_AVS: i32 = 163;
pub const DLT_JUNIPER_MONITOR: i32 = 164;
pub const DLT_BACNET_MS_TP: i32 = 165;
pub const DLT_PPP_PPPD: i32 = 166;
pub const DLT_PPP_WITH_DIRECTION: i32 = 166;
pub const DLT_LINUX_PPP_WITHDIRECTION: i32 = 166;
pub const DLT_JUNIPER_PPPOE: i32 = 167;
pub const DLT_JUNIPER_PPPOE_ATM: i32 = 168;
pub const DLT_GPRS_LLC: i32 = 169;
pub const DLT_GPF_T: i32 = 170;
pub const DLT_GPF_F: i32 = 171;
pub const DLT_GCOM_T1E1: i32 = 172;
pub const DLT_GCOM_SERIAL: i32 = 173;
pub const DLT_JUNIPER_PIC_PEER: i32 = 174;
pub const DLT_ERF_ETH: i32 = 175;
pub const DLT_ERF_POS: i32 = 176;
pub const DLT_LINUX_LAPD: i32 = 177;
pub const DLT_JUNIPER_ETHER: i32 = 178;
pub const DLT_JUNIPER_PPP: i32 = 179;
pub const DLT_JUNIPER_FRELAY: i32 = 180;
pub const DLT_JUNIPER_CHDLC: i32 = 181;
pub const DLT_MFR: i32 = 182;
pub const DLT_JUNIPER_VP: i32 = 183;
pub const DLT_A429: i32 = 184;
pub const DLT_A653_ICM: i32 = 185;
pub const DLT_USB_FREEBSD: i32 = 186;
pub const DLT_USB: i32 = 186;
pub const DLT_BLUETOOTH_HCI_H4: i32 = 187;
pub const DLT_IEEE802_16_MAC_CPS: i32 = 188;
pub const DLT_USB_LINUX: i32 = 189;
pub const DLT_CAN20B: i32 = 190;
pub const DLT_IEEE802_15_4_LINUX: i32 = 191;
pub const DLT_PPI: i32 = 192;
pub const DLT_IEEE802_16_MAC_CPS_RADIO: i32 = 193;
pub const DLT_JUNIPER_ISM: i32 = 194;
pub const DLT_IEEE802_15_4_WITHFCS: i32 = 195;
pub const DLT_IEEE802_15_4: i32 = 195;
pub const DLT_SITA: i32 = 196;
pub const DLT_ERF: i32 = 197;
pub const DLT_RAIF1: i32 = 198;
pub const DLT_IPMB_KONTRON: i32 = 199;
pub const DLT_JUNIPER_ST: i32 = 200;
pub const DLT_BLUETOOTH_HCI_H4_WITH_PHDR: i32 = 201;
pub const DLT_AX25_KISS: i32 = 202;
pub const DLT_LAPD: i32 = 203;
pub const DLT_PPP_WITH_DIR: i32 = 204;
pub const DLT_C_HDLC_WITH_DIR: i32 = 205;
pub const DLT_FRELAY_WITH_DIR: i32 = 206;
pub const DLT_LAPB_WITH_DIR: i32 = 207;
pub const DLT_IPMB_LINUX: i32 = 209;
pub const DLT_FLEXRAY: i32 = 210;
pub const DLT_MOST: i32 = 211;
pub const DLT_LIN: i32 = 212;
pub const DLT_X2E_SERIAL: i32 = 213;
pub const DLT_X2E_XORAYA: i32 = 214;
pub const DLT_IEEE802_15_4_NONASK_PHY: i32 = 215;
pub const DLT_LINUX_EVDEV: i32 = 216;
pub const DLT_GSMTAP_UM: i32 = 217;
pub const DLT_GSMTAP_ABIS: i32 = 218;
pub const DLT_MPLS: i32 = 219;
pub const DLT_USB_LINUX_MMAPPED: i32 = 220;
pub const DLT_DECT: i32 = 221;
pub const DLT_AOS: i32 = 222;
pub const DLT_WIHART: i32 = 223;
pub const DLT_FC_2: i32 = 224;
pub const DLT_FC_2_WITH_FRAME_DELIMS: i32 = 225;
pub const DLT_IPNET: i32 = 226;
pub const DLT_CAN_SOCKETCAN: i32 = 227;
pub const DLT_IPV4: i32 = 228;
pub const DLT_IPV6: i32 = 229;
pub const DLT_IEEE802_15_4_NOFCS: i32 = 230;
pub const DLT_DBUS: i32 = 231;
pub const DLT_JUNIPER_VS: i32 = 232;
pub const DLT_JUNIPER_SRX_E2E: i32 = 233;
pub const DLT_JUNIPER_FIBRECHANNEL: i32 = 234;
pub const DLT_DVB_CI: i32 = 235;
pub const DLT_MUX27010: i32 = 236;
pub const DLT_STANAG_5066_D_PDU: i32 = 237;
pub const DLT_JUNIPER_ATM_CEMIC: i32 = 238;
pub const DLT_NFLOG: i32 = 239;
pub const DLT_NETANALYZER: i32 = 240;
pub const DLT_NETANALYZER_TRANSPARENT: i32 = 241;
pub const DLT_IPOIB: i32 = 242;
pub const DLT_MPEG_2_TS: i32 = 243;
pub const DLT_NG40: i32 = 244;
pub const DLT_NFC_LLCP: i32 = 245;
pub const DLT_PFSYNC: i32 = 246;
pub const DLT_INFINIBAND: i32 = 247;
pub const DLT_SCTP: i32 = 248;
pub const DLT_USBPCAP: i32 = 249;
pub const DLT_RTAC_SERIAL: i32 = 250;
pub const DLT_BLUETOOTH_LE_LL: i32 = 251;
pub const DLT_WIRESHARK_UPPER_PDU: i32 = 252;
pub const DLT_NETLINK: i32 = 253;
pub const DLT_BLUETOOTH_LINUX_MONITOR: i32 = 254;
pub const DLT_BLUETOOTH_BREDR_BB: i32 = 255;
pub const DLT_BLUETOOTH_LE_LL_WITH_PHDR: i32 = 256;
pub const DLT_PROFIBUS_DL: i32 = 257;
pub const DLT_PKTAP: i32 = 258;
pub const DLT_EPON: i32 = 259;
pub const DLT_IPMI_HPM_2: i32 = 260;
pub const DLT_ZWAVE_R1_R2: i32 = 261;
pub const DLT_ZWAVE_R3: i32 = 262;
pub const DLT_WATTSTOPPER_DLM: i32 = 263;
pub const DLT_ISO_14443: i32 = 264;
pub const DLT_RDS: i32 = 265;
pub const DLT_USB_DARWIN: i32 = 266;
pub const DLT_OPENFLOW: i32 = 267;
pub const DLT_SDLC: i32 = 268;
pub const DLT_TI_LLN_SNIFFER: i32 = 269;
pub const DLT_LORATAP: i32 = 270;
pub const DLT_VSOCK: i32 = 271;
pub const DLT_NORDIC_BLE: i32 = 272;
pub const DLT_DOCSIS31_XRA31: i32 = 273;
pub const DLT_ETHERNET_MPACKET: i32 = 274;
pub const DLT_DISPLAYPORT_AUX: i32 = 275;
pub const DLT_LINUX_SLL2: i32 = 276;
pub const DLT_SERCOS_MONITOR: i32 = 277;
pub const DLT_OPENVIZSLA: i32 = 278;
pub const DLT_EBHSCR: i32 = 279;
pub const DLT_VPP_DISPATCH: i32 = 280;
pub const DLT_DSA_TAG_BRCM: i32 = 281;
pub const DLT_DSA_TAG_BRCM_PREPEND: i32 = 282;
pub const DLT_IEEE802_15_4_TAP: i32 = 283;
pub const DLT_DSA_TAG_DSA: i32 = 284;
pub const DLT_DSA_TAG_EDSA: i32 = 285;
pub const DLT_ELEE: i32 = 286;
pub const DLT_Z_WAVE_SERIAL: i32 = 287;
pub const DLT_USB_2_0: i32 = 288;
pub const DLT_ATSC_ALP: i32 = 289;
pub const DLT_HIGH_MATCHING_MAX: i32 = 289;
pub const BPF_RELEASE: i32 = 199606;
pub const BPF_LD: i32 = 0;
pub const BPF_LDX: i32 = 1;
pub const BPF_ST: i32 = 2;
pub const BPF_STX: i32 = 3;
pub const BPF_ALU: i32 = 4;
pub const BPF_JMP: i32 = 5;
pub const BPF_RET: i32 = 6;
pub const BPF_MISC: i32 = 7;
pub const BPF_W: i32 = 0;
pub const BPF_H: i32 = 8;
pub const BPF_B: i32 = 16;
pub const BPF_IMM: i32 = 0;
pub const BPF_ABS: i32 = 32;
pub const BPF_IND: i32 = 64;
pub const BPF_MEM: i32 = 96;
pub const BPF_LEN: i32 = 128;
pub const BPF_MSH: i32 = 160;
pub const BPF_ADD: i32 = 0;
pub const BPF_SUB: i32 = 16;
pub const BPF_MUL: i32 = 32;
pub const BPF_DIV: i32 = 48;
pub const BPF_OR: i32 = 64;
pub const BPF_AND: i32 = 80;
pub const BPF_LSH: i32 = 96;
pub const BPF_RSH: i32 = 112;
pub const BPF_NEG: i32 = 128;
pub const BPF_MOD: i32 = 144;
pub const BPF_XOR: i32 = 160;
pub const BPF_JA: i32 = 0;
pub const BPF_JEQ: i32 = 16;
pub const BPF_JGT: i32 = 32;
pub const BPF_JGE: i32 = 48;
pub const BPF_JSET: i32 = 64;
pub const BPF_K: i32 = 0;
pub const BPF_X: i32 = 8;
pub const BPF_A: i32 = 16;
pub const BPF_TAX: i32 = 0;
pub const BPF_TXA: i32 = 128;
pub const BPF_MEMWORDS: i32 = 16;
pub const PCAP_VERSION_MAJOR: i32 = 2;
pub const PCAP_VERSION_MINOR: i32 = 4;
pub const PCAP_ERRBUF_SIZE: i32 = 256;
pub const PCAP_IF_LOOPBACK: i32 = 1;
pub const PCAP_IF_UP: i32 = 2;
pub const PCAP_IF_RUNNING: i32 = 4;
pub const PCAP_IF_WIRELESS: i32 = 8;
pub const PCAP_IF_CONNECTION_STATUS: i32 = 48;
pub const PCAP_IF_CONNECTION_STATUS_UNKNOWN: i32 = 0;
pub const PCAP_IF_CONNECTION_STATUS_CONNECTED: i32 = 16;
pub const PCAP_IF_CONNECTION_STATUS_DISCONNECTED: i32 = 32;
pub const PCAP_IF_CONNECTION_STATUS_NOT_APPLICABLE: i32 = 48;
pub const PCAP_ERROR: i32 = -1;
pub const PCAP_ERROR_BREAK: i32 = -2;
pub const PCAP_ERROR_NOT_ACTIVATED: i32 = -3;
pub const PCAP_ERROR_ACTIVATED: i32 = -4;
pub const PCAP_ERROR_NO_SUCH_DEVICE: i32 = -5;
pub const PCAP_ERROR_RFMON_NOTSUP: i32 = -6;
pub const PCAP_ERROR_NOT_RFMON: i32 = -7;
pub const PCAP_ERROR_PERM_DENIED: i32 = -8;
pub const PCAP_ERROR_IFACE_NOT_UP: i32 = -9;
pub const PCAP_ERROR_CANTSET_TSTAMP_TYPE: i32 = -10;
pub const PCAP_ERROR_PROMISC_PERM_DENIED: i32 = -11;
pub const PCAP_ERROR_TSTAMP_PRECISION_NOTSUP: i32 = -12;
pub const PCAP_ERROR_CAPTURE_NOTSUP: i32 = -13;
pub const PCAP_WARNING: i32 = 1;
pub const PCAP_WARNING_PROMISC_NOTSUP: i32 = 2;
pub const PCAP_WARNING_TSTAMP_TYPE_NOTSUP: i32 = 3;
pub const PCAP_NETMASK_UNKNOWN: u32 = 4294967295;
pub const PCAP_CHAR_ENC_LOCAL: i32 = 0;
pub const PCAP_CHAR_ENC_UTF_8: i32 = 1;
pub const PCAP_TSTAMP_HOST: i32 = 0;
pub const PCAP_TSTAMP_HOST_LOWPREC: i32 = 1;
pub const PCAP_TSTAMP_HOST_HIPREC: i32 = 2;
pub const PCAP_TSTAMP_ADAPTER: i32 = 3;
pub const PCAP_TSTAMP_ADAPTER_UNSYNCED: i32 = 4;
pub const PCAP_TSTAMP_HOST_HIPREC_UNSYNCED: i32 = 5;
pub const PCAP_TSTAMP_PRECISION_MICRO: i32 = 0;
pub const PCAP_TSTAMP_PRECISION_NANO: i32 = 1;
pub const PCAP_BUF_SIZE: i32 = 1024;
pub const PCAP_SRC_FILE: i32 = 2;
pub const PCAP_SRC_IFLOCAL: i32 = 3;
pub const PCAP_SRC_IFREMOTE: i32 = 4;
pub const PCAP_SRC_FILE_STRING: &::std::ffi::CStr = c"file://";
pub const PCAP_SRC_IF_STRING: &::std::ffi::CStr = c"rpcap://";
pub const PCAP_OPENFLAG_PROMISCUOUS: i32 = 1;
pub const PCAP_OPENFLAG_DATATX_UDP: i32 = 2;
pub const PCAP_OPENFLAG_NOCAPTURE_RPCAP: i32 = 4;
pub const PCAP_OPENFLAG_NOCAPTURE_LOCAL: i32 = 8;
pub const PCAP_OPENFLAG_MAX_RESPONSIVENESS: i32 = 16;
pub const RPCAP_RMTAUTH_NULL: i32 = 0;
pub const RPCAP_RMTAUTH_PWD: i32 = 1;
pub const PCAP_SAMP_NOSAMP: i32 = 0;
pub const PCAP_SAMP_1_EVERY_N: i32 = 1;
pub const PCAP_SAMP_FIRST_AFTER_N_MS: i32 = 2;
pub const RPCAP_HOSTLIST_SIZE: i32 = 1024;
pub const PCAP_ETHERS_FILE: &::std::ffi::CStr = c"/etc/ethers";
pub const PROTO_UNDEF: i32 = -1;
pub type __u_char = ::std::os::raw::c_uchar;
pub type __u_short = ::std::os::raw::c_ushort;
pub type __u_int = ::std::os::raw::c_uint;
pub type __int64_t = ::std::os::raw::c_longlong;
pub type __time_t = ::std::os::raw::c_long;
pub type __suseconds_t = ::std::os::raw::c_long;
pub type __socklen_t = ::std::os::raw::c_uint;
pub type u_char = __u_char;
pub type u_short = __u_short;
pub type u_int = __u_int;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct timeval {
    pub tv_sec: __time_t,
    pub tv_usec: __suseconds_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of timeval"][::std::mem::size_of::<timeval>() - 8usize];
    ["Alignment of timeval"][::std::mem::align_of::<timeval>() - 4usize];
    ["Offset of field: timeval::tv_sec"][::std::mem::offset_of!(timeval, tv_sec) - 0usize];
    ["Offset of field: timeval::tv_usec"][::std::mem::offset_of!(timeval, tv_usec) - 4usize];
};
pub type socklen_t = __socklen_t;
pub type bpf_int32 = ::std::os::raw::c_int;
pub type bpf_u_int32 = u_int;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct bpf_program {
    pub bf_len: u_int,
    pub bf_insns: *mut bpf_insn,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of bpf_program"][::std::mem::size_of::<bpf_program>() - 8usize];
    ["Alignment of bpf_program"][::std::mem::align_of::<bpf_program>() - 4usize];
    ["Offset of field: bpf_program::bf_len"][::std::mem::offset_of!(bpf_program, bf_len) - 0usize];
    ["Offset of field: bpf_program::bf_insns"]
        [::std::mem::offset_of!(bpf_program, bf_insns) - 4usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct bpf_insn {
    pub code: u_short,
    pub jt: u_char,
    pub jf: u_char,
    pub k: bpf_u_int32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of bpf_insn"][::std::mem::size_of::<bpf_insn>() - 8usize];
    ["Alignment of bpf_insn"][::std::mem::align_of::<bpf_insn>() - 4usize];
    ["Offset of field: bpf_insn::code"][::std::mem::offset_of!(bpf_insn, code) - 0usize];
    ["Offset of field: bpf_insn::jt"][::std::mem::offset_of!(bpf_insn, jt) - 2usize];
    ["Offset of field: bpf_insn::jf"][::std::mem::offset_of!(bpf_insn, jf) - 3usize];
    ["Offset of field: bpf_insn::k"][::std::mem::offset_of!(bpf_insn, k) - 4usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct pcap {
    _unused: [u8; 0],
}
pub type pcap_t = pcap;
#[repr(C)]
#[derive(Debug)]
pub struct pcap_dumper {
    _unused: [u8; 0],
}
pub type pcap_dumper_t = pcap_dumper;
pub type pcap_if_t = pcap_if;
pub type pcap_addr_t = pcap_addr;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_file_header {
    pub magic: bpf_u_int32,
    pub version_major: u_short,
    pub version_minor: u_short,
    pub thiszone: bpf_int32,
    pub sigfigs: bpf_u_int32,
    pub snaplen: bpf_u_int32,
    pub linktype: bpf_u_int32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_file_header"][::std::mem::size_of::<pcap_file_header>() - 24usize];
    ["Alignment of pcap_file_header"][::std::mem::align_of::<pcap_file_header>() - 4usize];
    ["Offset of field: pcap_file_header::magic"]
        [::std::mem::offset_of!(pcap_file_header, magic) - 0usize];
    ["Offset of field: pcap_file_header::version_major"]
        [::std::mem::offset_of!(pcap_file_header, version_major) - 4usize];
    ["Offset of field: pcap_file_header::version_minor"]
        [::std::mem::offset_of!(pcap_file_header, version_minor) - 6usize];
    ["Offset of field: pcap_file_header::thiszone"]
        [::std::mem::offset_of!(pcap_file_header, thiszone) - 8usize];
    ["Offset of field: pcap_file_header::sigfigs"]
        [::std::mem::offset_of!(pcap_file_header, sigfigs) - 12usize];
    ["Offset of field: pcap_file_header::snaplen"]
        [::std::mem::offset_of!(pcap_file_header, snaplen) - 16usize];
    ["Offset of field: pcap_file_header::linktype"]
        [::std::mem::offset_of!(pcap_file_header, linktype) - 20usize];
};
pub const PCAP_D_INOUT: pcap_direction_t = 0;
pub const PCAP_D_IN: pcap_direction_t = 1;
pub const PCAP_D_OUT: pcap_direction_t = 2;
pub type pcap_direction_t = ::std::os::raw::c_uint;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_pkthdr {
    pub ts: timeval,
    pub caplen: bpf_u_int32,
    pub len: bpf_u_int32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_pkthdr"][::std::mem::size_of::<pcap_pkthdr>() - 16usize];
    ["Alignment of pcap_pkthdr"][::std::mem::align_of::<pcap_pkthdr>() - 4usize];
    ["Offset of field: pcap_pkthdr::ts"][::std::mem::offset_of!(pcap_pkthdr, ts) - 0usize];
    ["Offset of field: pcap_pkthdr::caplen"][::std::mem::offset_of!(pcap_pkthdr, caplen) - 8usize];
    ["Offset of field: pcap_pkthdr::len"][::std::mem::offset_of!(pcap_pkthdr, len) - 12usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_stat {
    pub ps_recv: u_int,
    pub ps_drop: u_int,
    pub ps_ifdrop: u_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_stat"][::std::mem::size_of::<pcap_stat>() - 12usize];
    ["Alignment of pcap_stat"][::std::mem::align_of::<pcap_stat>() - 4usize];
    ["Offset of field: pcap_stat::ps_recv"][::std::mem::offset_of!(pcap_stat, ps_recv) - 0usize];
    ["Offset of field: pcap_stat::ps_drop"][::std::mem::offset_of!(pcap_stat, ps_drop) - 4usize];
    ["Offset of field: pcap_stat::ps_ifdrop"]
        [::std::mem::offset_of!(pcap_stat, ps_ifdrop) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_if {
    pub next: *mut pcap_if,
    pub name: *mut ::std::os::raw::c_char,
    pub description: *mut ::std::os::raw::c_char,
    pub addresses: *mut pcap_addr,
    pub flags: bpf_u_int32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_if"][::std::mem::size_of::<pcap_if>() - 20usize];
    ["Alignment of pcap_if"][::std::mem::align_of::<pcap_if>() - 4usize];
    ["Offset of field: pcap_if::next"][::std::mem::offset_of!(pcap_if, next) - 0usize];
    ["Offset of field: pcap_if::name"][::std::mem::offset_of!(pcap_if, name) - 4usize];
    ["Offset of field: pcap_if::description"]
        [::std::mem::offset_of!(pcap_if, description) - 8usize];
    ["Offset of field: pcap_if::addresses"][::std::mem::offset_of!(pcap_if, addresses) - 12usize];
    ["Offset of field: pcap_if::flags"][::std::mem::offset_of!(pcap_if, flags) - 16usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_addr {
    pub next: *mut pcap_addr,
    pub addr: *mut sockaddr,
    pub netmask: *mut sockaddr,
    pub broadaddr: *mut sockaddr,
    pub dstaddr: *mut sockaddr,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_addr"][::std::mem::size_of::<pcap_addr>() - 20usize];
    ["Alignment of pcap_addr"][::std::mem::align_of::<pcap_addr>() - 4usize];
    ["Offset of field: pcap_addr::next"][::std::mem::offset_of!(pcap_addr, next) - 0usize];
    ["Offset of field: pcap_addr::addr"][::std::mem::offset_of!(pcap_addr, addr) - 4usize];
    ["Offset of field: pcap_addr::netmask"][::std::mem::offset_of!(pcap_addr, netmask) - 8usize];
    ["Offset of field: pcap_addr::broadaddr"]
        [::std::mem::offset_of!(pcap_addr, broadaddr) - 12usize];
    ["Offset of field: pcap_addr::dstaddr"][::std::mem::offset_of!(pcap_addr, dstaddr) - 16usize];
};
pub type pcap_handler = ::std::option::Option<
    unsafe extern "C" fn(arg1: *mut u_char, arg2: *const pcap_pkthdr, arg3: *const u_char),
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_rmtauth {
    pub type_: ::std::os::raw::c_int,
    pub username: *mut ::std::os::raw::c_char,
    pub password: *mut ::std::os::raw::c_char,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_rmtauth"][::std::mem::size_of::<pcap_rmtauth>() - 12usize];
    ["Alignment of pcap_rmtauth"][::std::mem::align_of::<pcap_rmtauth>() - 4usize];
    ["Offset of field: pcap_rmtauth::type_"][::std::mem::offset_of!(pcap_rmtauth, type_) - 0usize];
    ["Offset of field: pcap_rmtauth::username"]
        [::std::mem::offset_of!(pcap_rmtauth, username) - 4usize];
    ["Offset of field: pcap_rmtauth::password"]
        [::std::mem::offset_of!(pcap_rmtauth, password) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_samp {
    pub method: ::std::os::raw::c_int,
    pub value: ::std::os::raw::c_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_samp"][::std::mem::size_of::<pcap_samp>() - 8usize];
    ["Alignment of pcap_samp"][::std::mem::align_of::<pcap_samp>() - 4usize];
    ["Offset of field: pcap_samp::method"][::std::mem::offset_of!(pcap_samp, method) - 0usize];
    ["Offset of field: pcap_samp::value"][::std::mem::offset_of!(pcap_samp, value) - 4usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct pcap_etherent {
    pub addr: [u_char; 6usize],
    pub name: [::std::os::raw::c_char; 122usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of pcap_etherent"][::std::mem::size_of::<pcap_etherent>() - 128usize];
    ["Alignment of pcap_etherent"][::std::mem::align_of::<pcap_etherent>() - 1usize];
    ["Offset of field: pcap_etherent::addr"][::std::mem::offset_of!(pcap_etherent, addr) - 0usize];
    ["Offset of field: pcap_etherent::name"][::std::mem::offset_of!(pcap_etherent, name) - 6usize];
};
unsafe extern "C" {
    pub fn bpf_filter(
        arg1: *const bpf_insn,
        arg2: *const u_char,
        arg3: u_int,
        arg4: u_int,
    ) -> u_int;
    pub fn bpf_validate(f: *const bpf_insn, len: ::std::os::raw::c_int) -> ::std::os::raw::c_int;
    pub fn bpf_image(
        arg1: *const bpf_insn,
        arg2: ::std::os::raw::c_int,
    ) -> *mut ::std::os::raw::c_char;
    pub fn bpf_dump(arg1: *const bpf_program, arg2: ::std::os::raw::c_int);
    pub fn pcap_init(
        arg1: ::std::os::raw::c_uint,
        arg2: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_lookupdev(arg1: *mut ::std::os::raw::c_char) -> *mut ::std::os::raw::c_char;
    pub fn pcap_lookupnet(
        arg1: *const ::std::os::raw::c_char,
        arg2: *mut bpf_u_int32,
        arg3: *mut bpf_u_int32,
        arg4: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_create(
        arg1: *const ::std::os::raw::c_char,
        arg2: *mut ::std::os::raw::c_char,
    ) -> *mut pcap_t;
    pub fn pcap_set_snaplen(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_set_promisc(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_can_set_rfmon(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_set_rfmon(arg1: *mut pcap_t, arg2: ::std::os::raw::c_int) -> ::std::os::raw::c_int;
    pub fn pcap_set_timeout(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_set_tstamp_type(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_set_immediate_mode(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_set_buffer_size(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_set_tstamp_precision(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_get_tstamp_precision(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_activate(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_list_tstamp_types(
        arg1: *mut pcap_t,
        arg2: *mut *mut ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_free_tstamp_types(arg1: *mut ::std::os::raw::c_int);
    pub fn pcap_tstamp_type_name_to_val(
        arg1: *const ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_tstamp_type_val_to_name(
        arg1: ::std::os::raw::c_int,
    ) -> *const ::std::os::raw::c_char;
    pub fn pcap_tstamp_type_val_to_description(
        arg1: ::std::os::raw::c_int,
    ) -> *const ::std::os::raw::c_char;
    pub fn pcap_set_protocol_linux(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_open_live(
        arg1: *const ::std::os::raw::c_char,
        arg2: ::std::os::raw::c_int,
        arg3: ::std::os::raw::c_int,
        arg4: ::std::os::raw::c_int,
        arg5: *mut ::std::os::raw::c_char,
    ) -> *mut pcap_t;
    pub fn pcap_open_dead(arg1: ::std::os::raw::c_int, arg2: ::std::os::raw::c_int) -> *mut pcap_t;
    pub fn pcap_open_dead_with_tstamp_precision(
        arg1: ::std::os::raw::c_int,
        arg2: ::std::os::raw::c_int,
        arg3: u_int,
    ) -> *mut pcap_t;
    pub fn pcap_open_offline_with_tstamp_precision(
        arg1: *const ::std::os::raw::c_char,
        arg2: u_int,
        arg3: *mut ::std::os::raw::c_char,
    ) -> *mut pcap_t;
    pub fn pcap_open_offline(
        arg1: *const ::std::os::raw::c_char,
        arg2: *mut ::std::os::raw::c_char,
    ) -> *mut pcap_t;
    pub fn pcap_fopen_offline_with_tstamp_precision(
        arg1: *mut FILE,
        arg2: u_int,
        arg3: *mut ::std::os::raw::c_char,
    ) -> *mut pcap_t;
    pub fn pcap_fopen_offline(arg1: *mut FILE, arg2: *mut ::std::os::raw::c_char) -> *mut pcap_t;
    pub fn pcap_close(arg1: *mut pcap_t);
    pub fn pcap_loop(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
        arg3: pcap_handler,
        arg4: *mut u_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_dispatch(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
        arg3: pcap_handler,
        arg4: *mut u_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_next(arg1: *mut pcap_t, arg2: *mut pcap_pkthdr) -> *const u_char;
    pub fn pcap_next_ex(
        arg1: *mut pcap_t,
        arg2: *mut *mut pcap_pkthdr,
        arg3: *mut *const u_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_breakloop(arg1: *mut pcap_t);
    pub fn pcap_stats(arg1: *mut pcap_t, arg2: *mut pcap_stat) -> ::std::os::raw::c_int;
    pub fn pcap_setfilter(arg1: *mut pcap_t, arg2: *mut bpf_program) -> ::std::os::raw::c_int;
    pub fn pcap_setdirection(arg1: *mut pcap_t, arg2: pcap_direction_t) -> ::std::os::raw::c_int;
    pub fn pcap_getnonblock(
        arg1: *mut pcap_t,
        arg2: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_setnonblock(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
        arg3: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_inject(
        arg1: *mut pcap_t,
        arg2: *const ::std::os::raw::c_void,
        arg3: usize,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_sendpacket(
        arg1: *mut pcap_t,
        arg2: *const u_char,
        arg3: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_statustostr(arg1: ::std::os::raw::c_int) -> *const ::std::os::raw::c_char;
    pub fn pcap_strerror(arg1: ::std::os::raw::c_int) -> *const ::std::os::raw::c_char;
    pub fn pcap_geterr(arg1: *mut pcap_t) -> *mut ::std::os::raw::c_char;
    pub fn pcap_perror(arg1: *mut pcap_t, arg2: *const ::std::os::raw::c_char);
    pub fn pcap_compile(
        arg1: *mut pcap_t,
        arg2: *mut bpf_program,
        arg3: *const ::std::os::raw::c_char,
        arg4: ::std::os::raw::c_int,
        arg5: bpf_u_int32,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_compile_nopcap(
        arg1: ::std::os::raw::c_int,
        arg2: ::std::os::raw::c_int,
        arg3: *mut bpf_program,
        arg4: *const ::std::os::raw::c_char,
        arg5: ::std::os::raw::c_int,
        arg6: bpf_u_int32,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_freecode(arg1: *mut bpf_program);
    pub fn pcap_offline_filter(
        arg1: *const bpf_program,
        arg2: *const pcap_pkthdr,
        arg3: *const u_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_datalink(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_datalink_ext(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_list_datalinks(
        arg1: *mut pcap_t,
        arg2: *mut *mut ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_set_datalink(
        arg1: *mut pcap_t,
        arg2: ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_free_datalinks(arg1: *mut ::std::os::raw::c_int);
    pub fn pcap_datalink_name_to_val(arg1: *const ::std::os::raw::c_char) -> ::std::os::raw::c_int;
    pub fn pcap_datalink_val_to_name(arg1: ::std::os::raw::c_int) -> *const ::std::os::raw::c_char;
    pub fn pcap_datalink_val_to_description(
        arg1: ::std::os::raw::c_int,
    ) -> *const ::std::os::raw::c_char;
    pub fn pcap_datalink_val_to_description_or_dlt(
        arg1: ::std::os::raw::c_int,
    ) -> *const ::std::os::raw::c_char;
    pub fn pcap_snapshot(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_is_swapped(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_major_version(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_minor_version(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_bufsize(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_file(arg1: *mut pcap_t) -> *mut FILE;
    pub fn pcap_fileno(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_dump_open(
        arg1: *mut pcap_t,
        arg2: *const ::std::os::raw::c_char,
    ) -> *mut pcap_dumper_t;
    pub fn pcap_dump_fopen(arg1: *mut pcap_t, fp: *mut FILE) -> *mut pcap_dumper_t;
    pub fn pcap_dump_open_append(
        arg1: *mut pcap_t,
        arg2: *const ::std::os::raw::c_char,
    ) -> *mut pcap_dumper_t;
    pub fn pcap_dump_file(arg1: *mut pcap_dumper_t) -> *mut FILE;
    pub fn pcap_dump_ftell(arg1: *mut pcap_dumper_t) -> ::std::os::raw::c_long;
    pub fn pcap_dump_ftell64(arg1: *mut pcap_dumper_t) -> i64;
    pub fn pcap_dump_flush(arg1: *mut pcap_dumper_t) -> ::std::os::raw::c_int;
    pub fn pcap_dump_close(arg1: *mut pcap_dumper_t);
    pub fn pcap_dump(arg1: *mut u_char, arg2: *const pcap_pkthdr, arg3: *const u_char);
    pub fn pcap_findalldevs(
        arg1: *mut *mut pcap_if_t,
        arg2: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_freealldevs(arg1: *mut pcap_if_t);
    pub fn pcap_lib_version() -> *const ::std::os::raw::c_char;
    pub fn pcap_get_selectable_fd(arg1: *mut pcap_t) -> ::std::os::raw::c_int;
    pub fn pcap_get_required_select_timeout(arg1: *mut pcap_t) -> *const timeval;
    pub fn pcap_open(
        source: *const ::std::os::raw::c_char,
        snaplen: ::std::os::raw::c_int,
        flags: ::std::os::raw::c_int,
        read_timeout: ::std::os::raw::c_int,
        auth: *mut pcap_rmtauth,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> *mut pcap_t;
    pub fn pcap_createsrcstr(
        source: *mut ::std::os::raw::c_char,
        type_: ::std::os::raw::c_int,
        host: *const ::std::os::raw::c_char,
        port: *const ::std::os::raw::c_char,
        name: *const ::std::os::raw::c_char,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_parsesrcstr(
        source: *const ::std::os::raw::c_char,
        type_: *mut ::std::os::raw::c_int,
        host: *mut ::std::os::raw::c_char,
        port: *mut ::std::os::raw::c_char,
        name: *mut ::std::os::raw::c_char,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_findalldevs_ex(
        source: *const ::std::os::raw::c_char,
        auth: *mut pcap_rmtauth,
        alldevs: *mut *mut pcap_if_t,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_setsampling(p: *mut pcap_t) -> *mut pcap_samp;
    pub fn pcap_remoteact_accept(
        address: *const ::std::os::raw::c_char,
        port: *const ::std::os::raw::c_char,
        hostlist: *const ::std::os::raw::c_char,
        connectinghost: *mut ::std::os::raw::c_char,
        auth: *mut pcap_rmtauth,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_remoteact_accept_ex(
        address: *const ::std::os::raw::c_char,
        port: *const ::std::os::raw::c_char,
        hostlist: *const ::std::os::raw::c_char,
        connectinghost: *mut ::std::os::raw::c_char,
        auth: *mut pcap_rmtauth,
        uses_ssl: ::std::os::raw::c_int,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_remoteact_list(
        hostlist: *mut ::std::os::raw::c_char,
        sep: ::std::os::raw::c_char,
        size: ::std::os::raw::c_int,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_remoteact_close(
        host: *const ::std::os::raw::c_char,
        errbuf: *mut ::std::os::raw::c_char,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_remoteact_cleanup();
    pub fn pcap_next_etherent(arg1: *mut FILE) -> *mut pcap_etherent;
    pub fn pcap_ether_hostton(arg1: *const ::std::os::raw::c_char) -> *mut u_char;
    pub fn pcap_ether_aton(arg1: *const ::std::os::raw::c_char) -> *mut u_char;
    pub fn pcap_nametoaddr(arg1: *const ::std::os::raw::c_char) -> *mut *mut bpf_u_int32;
    pub fn pcap_nametoaddrinfo(arg1: *const ::std::os::raw::c_char) -> *mut addrinfo;
    pub fn pcap_nametonetaddr(arg1: *const ::std::os::raw::c_char) -> bpf_u_int32;
    pub fn pcap_nametoport(
        arg1: *const ::std::os::raw::c_char,
        arg2: *mut ::std::os::raw::c_int,
        arg3: *mut ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_nametoportrange(
        arg1: *const ::std::os::raw::c_char,
        arg2: *mut ::std::os::raw::c_int,
        arg3: *mut ::std::os::raw::c_int,
        arg4: *mut ::std::os::raw::c_int,
    ) -> ::std::os::raw::c_int;
    pub fn pcap_nametoproto(arg1: *const ::std::os::raw::c_char) -> ::std::os::raw::c_int;
    pub fn pcap_nametoeproto(arg1: *const ::std::os::raw::c_char) -> ::std::os::raw::c_int;
    pub fn pcap_nametollc(arg1: *const ::std::os::raw::c_char) -> ::std::os::raw::c_int;
}
