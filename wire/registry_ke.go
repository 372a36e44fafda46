package wire

// Key exchange methods: IDs of transform types KE and ADDKE1 to ADDKE7, and of the KE payload (RFC 9370).
// The hybrids from 1035 on lie in the private range and are listed by one source only.
const (
	KENone              TransformID = 0
	KEMODP768           TransformID = 1
	KEMODP1024          TransformID = 2
	KEMODP1536          TransformID = 5
	KEMODP2048          TransformID = 14
	KEMODP3072          TransformID = 15
	KEMODP4096          TransformID = 16
	KEMODP6144          TransformID = 17
	KEMODP8192          TransformID = 18
	KEECP256            TransformID = 19
	KEECP384            TransformID = 20
	KEECP521            TransformID = 21
	KEMODP1024S160      TransformID = 22 // RFC 5114, as the next four
	KEMODP2048S224      TransformID = 23
	KEMODP2048S256      TransformID = 24
	KEECP192            TransformID = 25
	KEECP224            TransformID = 26
	KEBrainpoolP224r1   TransformID = 27 // RFC 6954, as the next three
	KEBrainpoolP256r1   TransformID = 28
	KEBrainpoolP384r1   TransformID = 29
	KEBrainpoolP512r1   TransformID = 30
	KECurve25519        TransformID = 31 // RFC 8031
	KECurve448          TransformID = 32 // RFC 8031
	KEGOST3410_2012_256 TransformID = 33 // RFC 9385
	KEGOST3410_2012_512 TransformID = 34 // RFC 9385
	KEMLKEM512          TransformID = 35
	KEMLKEM768          TransformID = 36
	KEMLKEM1024         TransformID = 37
	KEFrodoKEM640AES    TransformID = 38
	KEFrodoKEM976AES    TransformID = 39
	KEFrodoKEM1344AES   TransformID = 40
	KENullInsecure      TransformID = 1024 // strongSwan, for tests
	KEX25519MLKEM768    TransformID = 1035
	KEECP256MLKEM768    TransformID = 1036
	KEX448MLKEM1024     TransformID = 1037
	KEECP384MLKEM1024   TransformID = 1038
	KEFrodoKEM640SHAKE  TransformID = 1640 // our own choice, for experiments between peers that agree on it
)

var keNames = []named[TransformID]{
	{KENone, "NONE"},
	{KEMODP768, "768-bit MODP"},
	{KEMODP1024, "1024-bit MODP"},
	{KEMODP1536, "1536-bit MODP"},
	{KEMODP2048, "2048-bit MODP"},
	{KEMODP3072, "3072-bit MODP"},
	{KEMODP4096, "4096-bit MODP"},
	{KEMODP6144, "6144-bit MODP"},
	{KEMODP8192, "8192-bit MODP"},
	{KEECP256, "256-bit random ECP"},
	{KEECP384, "384-bit random ECP"},
	{KEECP521, "521-bit random ECP"},
	{KEMODP1024S160, "1024-bit MODP, 160-bit subgroup"},
	{KEMODP2048S224, "2048-bit MODP, 224-bit subgroup"},
	{KEMODP2048S256, "2048-bit MODP, 256-bit subgroup"},
	{KEECP192, "192-bit random ECP"},
	{KEECP224, "224-bit random ECP"},
	{KEBrainpoolP224r1, "brainpoolP224r1"},
	{KEBrainpoolP256r1, "brainpoolP256r1"},
	{KEBrainpoolP384r1, "brainpoolP384r1"},
	{KEBrainpoolP512r1, "brainpoolP512r1"},
	{KECurve25519, "Curve25519"},
	{KECurve448, "Curve448"},
	{KEGOST3410_2012_256, "GOST3410_2012_256"},
	{KEGOST3410_2012_512, "GOST3410_2012_512"},
	{KEMLKEM512, "ml-kem-512"},
	{KEMLKEM768, "ml-kem-768"},
	{KEMLKEM1024, "ml-kem-1024"},
	{KEFrodoKEM640AES, "FrodoKEM-640-AES"},
	{KEFrodoKEM976AES, "FrodoKEM-976-AES"},
	{KEFrodoKEM1344AES, "FrodoKEM-1344-AES"},
	{KENullInsecure, "insecure NULL"},
	{KEX25519MLKEM768, "X25519+ML-KEM-768"},
	{KEECP256MLKEM768, "P-256+ML-KEM-768"},
	{KEX448MLKEM1024, "X448+ML-KEM-1024"},
	{KEECP384MLKEM1024, "P-384+ML-KEM-1024"},
	{KEFrodoKEM640SHAKE, "FrodoKEM-640-SHAKE"},
}
