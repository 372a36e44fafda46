package wire

// Pseudorandom functions: IDs of transform type 2, PRF.
const (
	PRFHMACMD5         TransformID = 1
	PRFHMACSHA1        TransformID = 2
	PRFHMACTiger       TransformID = 3
	PRFAES128XCBC      TransformID = 4
	PRFHMACSHA256      TransformID = 5
	PRFHMACSHA384      TransformID = 6
	PRFHMACSHA512      TransformID = 7
	PRFAES128CMAC      TransformID = 8
	PRFHMACStreebog512 TransformID = 9 // RFC 9385
)

var prfNames = []named[TransformID]{
	{PRFHMACMD5, "PRF_HMAC_MD5"},
	{PRFHMACSHA1, "PRF_HMAC_SHA1"},
	{PRFHMACTiger, "PRF_HMAC_TIGER"},
	{PRFAES128XCBC, "PRF_AES128_XCBC"},
	{PRFHMACSHA256, "PRF_HMAC_SHA2_256"},
	{PRFHMACSHA384, "PRF_HMAC_SHA2_384"},
	{PRFHMACSHA512, "PRF_HMAC_SHA2_512"},
	{PRFAES128CMAC, "PRF_AES128_CMAC"},
	{PRFHMACStreebog512, "PRF_HMAC_STREEBOG_512"},
}

// Integrity algorithms: IDs of transform type 3, INTEG.
const (
	IntegNone           TransformID = 0
	IntegHMACMD5_96     TransformID = 1
	IntegHMACSHA1_96    TransformID = 2
	IntegDESMAC         TransformID = 3
	IntegKPDKMD5        TransformID = 4
	IntegAESXCBC96      TransformID = 5
	IntegHMACMD5_128    TransformID = 6 // RFC 4595
	IntegHMACSHA1_160   TransformID = 7 // RFC 4595
	IntegAESCMAC96      TransformID = 8
	IntegAES128GMAC     TransformID = 9
	IntegAES192GMAC     TransformID = 10
	IntegAES256GMAC     TransformID = 11
	IntegHMACSHA256_128 TransformID = 12
	IntegHMACSHA384_192 TransformID = 13
	IntegHMACSHA512_256 TransformID = 14
)

var integNames = []named[TransformID]{
	{IntegNone, "NONE"},
	{IntegHMACMD5_96, "AUTH_HMAC_MD5_96"},
	{IntegHMACSHA1_96, "AUTH_HMAC_SHA1_96"},
	{IntegDESMAC, "AUTH_DES_MAC"},
	{IntegKPDKMD5, "AUTH_KPDK_MD5"},
	{IntegAESXCBC96, "AUTH_AES_XCBC_96"},
	{IntegHMACMD5_128, "AUTH_HMAC_MD5_128"},
	{IntegHMACSHA1_160, "AUTH_HMAC_SHA1_160"},
	{IntegAESCMAC96, "AUTH_AES_CMAC_96"},
	{IntegAES128GMAC, "AUTH_AES_128_GMAC"},
	{IntegAES192GMAC, "AUTH_AES_192_GMAC"},
	{IntegAES256GMAC, "AUTH_AES_256_GMAC"},
	{IntegHMACSHA256_128, "AUTH_HMAC_SHA2_256_128"},
	{IntegHMACSHA384_192, "AUTH_HMAC_SHA2_384_192"},
	{IntegHMACSHA512_256, "AUTH_HMAC_SHA2_512_256"},
}

// Sequence number properties: IDs of transform type 5, SN (RFC 9827).
const (
	SN32            TransformID = 0 // "No Extended Sequence Numbers" before
	SN64            TransformID = 1 // "Extended Sequence Numbers" before
	SN32Unspecified TransformID = 2 // RFC 9838
)

var snNames = []named[TransformID]{
	{SN32, "32-bit Sequential Numbers"},
	{SN64, "Partially Transmitted 64-bit Sequential Numbers"},
	{SN32Unspecified, "32-bit Unspecified Numbers"},
}

// Key wrap algorithms: IDs of transform type 13, KWA (RFC 9838).
const (
	KWA5649_128 TransformID = 1
	KWA5649_192 TransformID = 2
	KWA5649_256 TransformID = 3
	KWAARX      TransformID = 4
)

var kwaNames = []named[TransformID]{
	{KWA5649_128, "KW_5649_128"},
	{KWA5649_192, "KW_5649_192"},
	{KWA5649_256, "KW_5649_256"},
	{KWAARX, "KW_ARX"},
}

// Group controller authentication methods: IDs of transform type 14, GCAUTH (RFC 9838).
const (
	GCAuthImplicit         TransformID = 1
	GCAuthDigitalSignature TransformID = 2
)

var gcauthNames = []named[TransformID]{
	{GCAuthImplicit, "Implicit"},
	{GCAuthDigitalSignature, "Digital Signature"},
}
