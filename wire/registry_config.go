package wire

// TSType is the kind of a traffic selector (RFC 7296, Section 3.13.1).
type TSType uint8

// Traffic selector types.
const (
	TSIPv4AddrRange TSType = 7
	TSIPv6AddrRange TSType = 8
	TSFCAddrRange   TSType = 9  // RFC 4595
	TSSecLabel      TSType = 10 // RFC 9478
)

var tsTypeNames = []named[TSType]{
	{TSIPv4AddrRange, "TS_IPV4_ADDR_RANGE"},
	{TSIPv6AddrRange, "TS_IPV6_ADDR_RANGE"},
	{TSFCAddrRange, "TS_FC_ADDR_RANGE"},
	{TSSecLabel, "TS_SECLABEL"},
}

// String returns the registered name, TS_SECLABEL for example, or TS(n).
func (t TSType) String() string { return nameOf(tsTypeNames, "TS", t) }

// ConfigType is the purpose of a Configuration payload (RFC 7296, Section 3.15).
type ConfigType uint8

// Configuration types.
const (
	ConfigRequest ConfigType = 1
	ConfigReply   ConfigType = 2
	ConfigSet     ConfigType = 3
	ConfigAck     ConfigType = 4
)

var configTypeNames = []named[ConfigType]{
	{ConfigRequest, "CFG_REQUEST"},
	{ConfigReply, "CFG_REPLY"},
	{ConfigSet, "CFG_SET"},
	{ConfigAck, "CFG_ACK"},
}

// String returns the registered name, CFG_REQUEST for example, or CFG(n).
func (t ConfigType) String() string { return nameOf(configTypeNames, "CFG", t) }

// AttributeType is the type of a configuration attribute, 15 bits (RFC 7296, Section 3.15.1).
type AttributeType uint16

// Configuration attributes. Those from 16384 on are of the private range: Microsoft's and Cisco Unity's.
const (
	AttrInternalIP4Address       AttributeType = 1
	AttrInternalIP4Netmask       AttributeType = 2
	AttrInternalIP4DNS           AttributeType = 3
	AttrInternalIP4NBNS          AttributeType = 4
	AttrInternalIP4DHCP          AttributeType = 6
	AttrApplicationVersion       AttributeType = 7
	AttrInternalIP6Address       AttributeType = 8
	AttrInternalIP6DNS           AttributeType = 10
	AttrInternalIP6DHCP          AttributeType = 12
	AttrInternalIP4Subnet        AttributeType = 13
	AttrSupportedAttributes      AttributeType = 14
	AttrInternalIP6Subnet        AttributeType = 15
	AttrMIP6HomePrefix           AttributeType = 16 // RFC 5026
	AttrInternalIP6Link          AttributeType = 17 // RFC 5739
	AttrInternalIP6Prefix        AttributeType = 18 // RFC 5739
	AttrHomeAgentAddress         AttributeType = 19 // 3GPP
	AttrPCSCFIP4Address          AttributeType = 20 // RFC 7651
	AttrPCSCFIP6Address          AttributeType = 21 // RFC 7651
	AttrFTTKAT                   AttributeType = 22 // 3GPP, as the next two
	AttrExternalSourceIP4NATInfo AttributeType = 23
	AttrLivenessTimeout          AttributeType = 24
	AttrInternalDNSDomain        AttributeType = 25 // RFC 8598
	AttrInternalDNSSECTA         AttributeType = 26 // RFC 8598
	AttrEncDNSIP4                AttributeType = 27 // RFC 9464, as the next two
	AttrEncDNSIP6                AttributeType = 28
	AttrEncDNSDigestInfo         AttributeType = 29
	AttrInternalIP4Server        AttributeType = 23456
	AttrInternalIP6Server        AttributeType = 23457
	AttrUnityBanner              AttributeType = 28672
	AttrUnitySavePassword        AttributeType = 28673
	AttrUnityDefaultDomain       AttributeType = 28674
	AttrUnitySplitDNSName        AttributeType = 28675
	AttrUnitySplitInclude        AttributeType = 28676
	AttrUnityNATTPort            AttributeType = 28677
	AttrUnityLocalLAN            AttributeType = 28678
	AttrUnityPFS                 AttributeType = 28679
	AttrUnityFirewallType        AttributeType = 28680
	AttrUnityBackupServers       AttributeType = 28681
	AttrUnityDDNSHostname        AttributeType = 28682
)

var attributeNames = []named[AttributeType]{
	{AttrInternalIP4Address, "INTERNAL_IP4_ADDRESS"},
	{AttrInternalIP4Netmask, "INTERNAL_IP4_NETMASK"},
	{AttrInternalIP4DNS, "INTERNAL_IP4_DNS"},
	{AttrInternalIP4NBNS, "INTERNAL_IP4_NBNS"},
	{AttrInternalIP4DHCP, "INTERNAL_IP4_DHCP"},
	{AttrApplicationVersion, "APPLICATION_VERSION"},
	{AttrInternalIP6Address, "INTERNAL_IP6_ADDRESS"},
	{AttrInternalIP6DNS, "INTERNAL_IP6_DNS"},
	{AttrInternalIP6DHCP, "INTERNAL_IP6_DHCP"},
	{AttrInternalIP4Subnet, "INTERNAL_IP4_SUBNET"},
	{AttrSupportedAttributes, "SUPPORTED_ATTRIBUTES"},
	{AttrInternalIP6Subnet, "INTERNAL_IP6_SUBNET"},
	{AttrMIP6HomePrefix, "MIP6_HOME_PREFIX"},
	{AttrInternalIP6Link, "INTERNAL_IP6_LINK"},
	{AttrInternalIP6Prefix, "INTERNAL_IP6_PREFIX"},
	{AttrHomeAgentAddress, "HOME_AGENT_ADDRESS"},
	{AttrPCSCFIP4Address, "P_CSCF_IP4_ADDRESS"},
	{AttrPCSCFIP6Address, "P_CSCF_IP6_ADDRESS"},
	{AttrFTTKAT, "FTT_KAT"},
	{AttrExternalSourceIP4NATInfo, "EXTERNAL_SOURCE_IP4_NAT_INFO"},
	{AttrLivenessTimeout, "TIMEOUT_PERIOD_FOR_LIVENESS_CHECK"},
	{AttrInternalDNSDomain, "INTERNAL_DNS_DOMAIN"},
	{AttrInternalDNSSECTA, "INTERNAL_DNSSEC_TA"},
	{AttrEncDNSIP4, "ENCDNS_IP4"},
	{AttrEncDNSIP6, "ENCDNS_IP6"},
	{AttrEncDNSDigestInfo, "ENCDNS_DIGEST_INFO"},
	{AttrInternalIP4Server, "INTERNAL_IP4_SERVER"},
	{AttrInternalIP6Server, "INTERNAL_IP6_SERVER"},
	{AttrUnityBanner, "UNITY_BANNER"},
	{AttrUnitySavePassword, "UNITY_SAVE_PASSWD"},
	{AttrUnityDefaultDomain, "UNITY_DEF_DOMAIN"},
	{AttrUnitySplitDNSName, "UNITY_SPLITDNS_NAME"},
	{AttrUnitySplitInclude, "UNITY_SPLIT_INCLUDE"},
	{AttrUnityNATTPort, "UNITY_NATT_PORT"},
	{AttrUnityLocalLAN, "UNITY_LOCAL_LAN"},
	{AttrUnityPFS, "UNITY_PFS"},
	{AttrUnityFirewallType, "UNITY_FW_TYPE"},
	{AttrUnityBackupServers, "UNITY_BACKUP_SERVERS"},
	{AttrUnityDDNSHostname, "UNITY_DDNS_HOSTNAME"},
}

// String returns the registered name, INTERNAL_IP4_DNS for example, or ATTRIBUTE(n).
func (t AttributeType) String() string { return nameOf(attributeNames, "ATTRIBUTE", t) }
