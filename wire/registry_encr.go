package wire

// Encryption algorithms: IDs of transform type 1, ENCR.
const (
	EncrDESIV64               TransformID = 1
	EncrDES                   TransformID = 2
	Encr3DES                  TransformID = 3
	EncrRC5                   TransformID = 4
	EncrIDEA                  TransformID = 5
	EncrCAST                  TransformID = 6
	EncrBlowfish              TransformID = 7
	Encr3IDEA                 TransformID = 8
	EncrDESIV32               TransformID = 9
	EncrNull                  TransformID = 11
	EncrAESCBC                TransformID = 12
	EncrAESCTR                TransformID = 13
	EncrAESCCM8               TransformID = 14
	EncrAESCCM12              TransformID = 15
	EncrAESCCM16              TransformID = 16
	EncrAESGCM8               TransformID = 18
	EncrAESGCM12              TransformID = 19
	EncrAESGCM16              TransformID = 20
	EncrNullAESGMAC           TransformID = 21
	EncrCamelliaCBC           TransformID = 23
	EncrCamelliaCTR           TransformID = 24
	EncrCamelliaCCM8          TransformID = 25
	EncrCamelliaCCM12         TransformID = 26
	EncrCamelliaCCM16         TransformID = 27
	EncrChaCha20Poly1305      TransformID = 28
	EncrAESCCM8IIV            TransformID = 29 // RFC 8750, as the next two
	EncrAESGCM16IIV           TransformID = 30
	EncrChaCha20Poly1305IIV   TransformID = 31
	EncrKuznyechikMGMKTree    TransformID = 32 // RFC 9227, as the next three
	EncrMagmaMGMKTree         TransformID = 33
	EncrKuznyechikMGMMACKTree TransformID = 34
	EncrMagmaMGMMACKTree      TransformID = 35
)

var encrNames = []named[TransformID]{
	{EncrDESIV64, "ENCR_DES_IV64"},
	{EncrDES, "ENCR_DES"},
	{Encr3DES, "ENCR_3DES"},
	{EncrRC5, "ENCR_RC5"},
	{EncrIDEA, "ENCR_IDEA"},
	{EncrCAST, "ENCR_CAST"},
	{EncrBlowfish, "ENCR_BLOWFISH"},
	{Encr3IDEA, "ENCR_3IDEA"},
	{EncrDESIV32, "ENCR_DES_IV32"},
	{EncrNull, "ENCR_NULL"},
	{EncrAESCBC, "ENCR_AES_CBC"},
	{EncrAESCTR, "ENCR_AES_CTR"},
	{EncrAESCCM8, "ENCR_AES_CCM_8"},
	{EncrAESCCM12, "ENCR_AES_CCM_12"},
	{EncrAESCCM16, "ENCR_AES_CCM_16"},
	{EncrAESGCM8, "ENCR_AES_GCM_8"},
	{EncrAESGCM12, "ENCR_AES_GCM_12"},
	{EncrAESGCM16, "ENCR_AES_GCM_16"},
	{EncrNullAESGMAC, "ENCR_NULL_AUTH_AES_GMAC"},
	{EncrCamelliaCBC, "ENCR_CAMELLIA_CBC"},
	{EncrCamelliaCTR, "ENCR_CAMELLIA_CTR"},
	{EncrCamelliaCCM8, "ENCR_CAMELLIA_CCM_8"},
	{EncrCamelliaCCM12, "ENCR_CAMELLIA_CCM_12"},
	{EncrCamelliaCCM16, "ENCR_CAMELLIA_CCM_16"},
	{EncrChaCha20Poly1305, "ENCR_CHACHA20_POLY1305"},
	{EncrAESCCM8IIV, "ENCR_AES_CCM_8_IIV"},
	{EncrAESGCM16IIV, "ENCR_AES_GCM_16_IIV"},
	{EncrChaCha20Poly1305IIV, "ENCR_CHACHA20_POLY1305_IIV"},
	{EncrKuznyechikMGMKTree, "ENCR_KUZNYECHIK_MGM_KTREE"},
	{EncrMagmaMGMKTree, "ENCR_MAGMA_MGM_KTREE"},
	{EncrKuznyechikMGMMACKTree, "ENCR_KUZNYECHIK_MGM_MAC_KTREE"},
	{EncrMagmaMGMMACKTree, "ENCR_MAGMA_MGM_MAC_KTREE"},
}
