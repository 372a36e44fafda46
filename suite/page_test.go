package suite

import (
	"bytes"
	"crypto/rsa"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"culvert/internal/golden"
	"culvert/wire"
)

// A requirement is a row of RFC 8247 or RFC 8221, or of both: the level that each has for a transform.
type requirement struct {
	transform wire.Transform
	ike, esp  string // "" where the document has no row, so that the level is MAY; "-" where the transform does not exist
}

// requirements has every row of RFC 8247, Sections 2.1 to 2.4, and RFC 8221, Sections 5 and 6.
func requirements() []requirement {
	return []requirement{
		{encrID(wire.EncrAESCBC, 128), "MUST", "MUST"},
		{encrID(wire.EncrAESCBC, 192), "MAY", "MAY"},
		{encrID(wire.EncrAESCBC, 256), "MUST", "MUST"},
		{encrID(wire.EncrAESGCM16, 128), "SHOULD", "MUST"},
		{encrID(wire.EncrAESGCM16, 192), "MAY", "MAY"},
		{encrID(wire.EncrAESGCM16, 256), "SHOULD", "MUST"},
		{encrID(wire.EncrChaCha20Poly1305, 0), "SHOULD", "SHOULD"},
		{encrID(wire.EncrAESCCM8, 128), "SHOULD (IoT)", "SHOULD (IoT)"},
		{encrID(wire.EncrAESCCM8, 192), "MAY", "MAY"},
		{encrID(wire.EncrAESCCM8, 256), "MAY", "MAY"},
		{encrID(wire.EncrNull, 0), "MUST NOT", "MUST"},
		{encrID(wire.Encr3DES, 0), "MAY", "SHOULD NOT"},
		{encrID(wire.EncrDES, 0), "MUST NOT", "MUST NOT"},
		{encrID(wire.EncrDESIV64, 0), "", "MUST NOT"},
		{encrID(wire.EncrDESIV32, 0), "", "MUST NOT"},
		{encrID(wire.EncrBlowfish, 0), "", "MUST NOT"},
		{encrID(wire.Encr3IDEA, 0), "", "MUST NOT"},
		{encrID(wire.EncrNullAESGMAC, 128), "-", ""}, // RFC 4543 defines it for ESP alone
		{encrID(wire.EncrNullAESGMAC, 192), "-", ""},
		{encrID(wire.EncrNullAESGMAC, 256), "-", ""},
		{encrID(wire.EncrChaCha20Poly1305IIV, 0), "-", ""}, // RFC 8750, Section 8
		{encrID(wire.EncrAESGCM16IIV, 128), "-", ""},
		{encrID(wire.EncrAESCCM8IIV, 128), "-", ""},
		{encrID(wire.EncrAESGCM16IIV, 192), "-", ""},
		{encrID(wire.EncrAESCCM8IIV, 192), "-", ""},
		{encrID(wire.EncrAESGCM16IIV, 256), "-", ""},
		{encrID(wire.EncrAESCCM8IIV, 256), "-", ""},

		{prfID(wire.PRFHMACSHA256), "MUST", "-"},
		{prfID(wire.PRFHMACSHA512), "SHOULD+", "-"},
		{prfID(wire.PRFHMACSHA1), "MUST-", "-"},
		{prfID(wire.PRFAES128XCBC), "SHOULD (IoT)", "-"},
		{prfID(wire.PRFHMACMD5), "MUST NOT", "-"},

		{integID(wire.IntegHMACSHA256_128), "MUST", "MUST"},
		{integID(wire.IntegHMACSHA512_256), "SHOULD", "SHOULD"},
		{integID(wire.IntegHMACSHA1_96), "MUST-", "MUST-"},
		{integID(wire.IntegAESXCBC96), "SHOULD (IoT)", "SHOULD (IoT), else MAY"},
		{integID(wire.IntegNone), "", "MUST with AEAD, else MUST NOT"},
		{integID(wire.IntegAES128GMAC), "", "MAY (AH only)"},
		{integID(wire.IntegAES256GMAC), "", "MAY (AH only)"},
		{integID(wire.IntegHMACMD5_96), "MUST NOT", "MUST NOT"},
		{integID(wire.IntegDESMAC), "MUST NOT", "MUST NOT"},
		{integID(wire.IntegKPDKMD5), "MUST NOT", "MUST NOT"},

		{keID(wire.KEMODP2048), "MUST", ""},
		{keID(wire.KEECP256), "SHOULD", ""},
		{keID(wire.KEMODP1536), "SHOULD NOT", ""},
		{keID(wire.KEMODP1024), "SHOULD NOT", ""},
		{keID(wire.KEMODP768), "MUST NOT", ""},
		{keID(wire.KEMODP1024S160), "MUST NOT", ""},
		{keID(wire.KEMODP2048S224), "SHOULD NOT", ""},
		{keID(wire.KEMODP2048S256), "SHOULD NOT", ""},
	}
}

// ours says what we do with a transform in a protocol.
func ours(protocol wire.ProtocolID, t wire.Transform, level string) string {
	inDefaults := slices.ContainsFunc(defaults(protocol), func(p wire.Proposal) bool { return slices.Contains(p.Transforms, t) })
	_, named := lookupTransform(t)
	aeadOnly := t == integID(wire.IntegNone)
	switch {
	case level == "-":
		return "-"
	case aeadOnly:
		return "with AEAD only"
	case inDefaults:
		return "default"
	case named && checkWord(protocol, t) == "":
		return "by name only"
	case strings.Contains(level, "NOT"):
		return "refused"
	}
	return "not implemented"
}

func word(t wire.Transform) string {
	if a, ok := lookupTransform(t); ok {
		return "`" + a.words[0] + "`"
	}
	return ""
}

// rowsOf returns the rows for transforms of one type; those that no document mentions follow the others.
func rowsOf(typ wire.TransformType) []requirement {
	rows := slices.DeleteFunc(requirements(), func(r requirement) bool { return r.transform.Type != typ })
	for _, a := range algorithms() {
		listed := slices.ContainsFunc(rows, func(r requirement) bool { return r.transform == a.transform })
		if a.transform.Type == typ && !listed && a.transform.ID != wire.KENone {
			rows = append(rows, requirement{transform: a.transform})
		}
	}
	return rows
}

// writeTransforms writes the table for a type. PRFs are a matter of IKE, and key exchanges are the same in both: RFC 8221
// has neither.
func writeTransforms(b *bytes.Buffer, typ wire.TransformType) {
	both := typ == wire.TransformENCR || typ == wire.TransformINTEG
	if both {
		fmt.Fprintln(b, "| algorithm | configured as | RFC 8247 (IKE) | Culvert, IKE | RFC 8221 (ESP) | Culvert, ESP |\n|---|---|---|---|---|---|")
	} else {
		fmt.Fprintln(b, "| algorithm | configured as | RFC 8247 | Culvert |\n|---|---|---|---|")
	}
	for _, r := range rowsOf(typ) {
		name := r.transform.Type.IDName(r.transform.ID)
		if r.transform.KeyLength > 0 {
			name += fmt.Sprintf(", %d bits", r.transform.KeyLength)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |", name, word(r.transform), level(r.ike), ours(wire.ProtocolIKE, r.transform, r.ike))
		if both {
			fmt.Fprintf(b, " %s | %s |", level(r.esp), ours(wire.ProtocolESP, r.transform, r.esp))
		}
		fmt.Fprintln(b)
	}
}

func level(s string) string {
	if s == "" {
		return "*(MAY)*"
	}
	return s
}

// writeMethods writes the authentication methods of RFC 8247, Section 3.1.
func writeMethods(b *bytes.Buffer) {
	fmt.Fprintln(b, "| authentication method | RFC 8247 | Culvert |\n|---|---|---|")
	for _, r := range []struct {
		method wire.AuthMethod
		level  string
	}{
		{wire.AuthRSASignature, "MUST"}, {wire.AuthSharedKey, "MUST"}, {wire.AuthDSSSignature, "SHOULD NOT"}, {wire.AuthECDSA256, "SHOULD"},
		{wire.AuthECDSA384, "SHOULD"}, {wire.AuthECDSA521, "SHOULD"}, {wire.AuthDigitalSignature, "SHOULD"},
	} {
		status := "refused"
		if r.method == wire.AuthSharedKey || slices.ContainsFunc(DefaultSchemes(), func(s Scheme) bool { return takes(r.method, s) }) {
			status = "implemented"
		}
		fmt.Fprintf(b, "| %d %s | %s | %s |\n", r.method, r.method, r.level, status)
	}
}

// writeKeyLengths writes RFC 8247, Section 3.1.1.
func writeKeyLengths(b *bytes.Buffer) {
	fmt.Fprintln(b, "| RSA key length | RFC 8247 | Culvert |\n|---|---|---|")
	for _, r := range []struct {
		bits        uint
		name, level string
	}{
		{2048, "2048", "MUST"}, {3072, "3072", "SHOULD"}, {4096, "4096", "SHOULD"}, {2560, "other lengths from 2049 to 4095", "MAY"},
		{8192, "up to 8192", "*(MAY)*"}, {8200, "above 8192", "*(MAY)*"}, {1024, "1024 to 2047", "SHOULD NOT"}, {1016, "below 1024", "SHOULD NOT"},
	} {
		n := new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), r.bits-1), 0, 1)
		pub := &rsa.PublicKey{N: n, E: 65537}
		status := "refused"
		if (SignaturePolicy{MinRSABits: 1024}).CheckKey(pub) == nil {
			status = "by name only"
		}
		if (SignaturePolicy{}).CheckKey(pub) == nil {
			status = "default"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", r.name, r.level, status)
	}
}

// writeSignatures writes RFC 8247, Section 3.2: hashes and algorithms of method 14.
func writeSignatures(t *testing.T, b *bytes.Buffer) {
	status := func(accepted bool) string {
		if accepted {
			return "default"
		}
		return "refused"
	}
	fmt.Fprintln(b, "| hash of a digital signature | RFC 8247 | Culvert |\n|---|---|---|")
	for _, r := range []struct {
		hash  wire.HashAlgorithm
		level string
	}{{wire.HashSHA1, "MUST NOT"}, {wire.HashSHA256, "MUST"}, {wire.HashSHA384, "MAY"}, {wire.HashSHA512, "SHOULD"}, {wire.HashIdentity, "*(MAY)*"}} {
		fmt.Fprintf(b, "| %d %s | %s | %s |\n", r.hash, r.hash, r.level, status(slices.Contains(SignatureHashes(), r.hash)))
	}
	fmt.Fprintln(b, "\n| digital signature | RFC 8247 | Culvert |\n|---|---|---|")
	for _, r := range []struct{ name, level, id string }{
		{"RSASSA-PSS with SHA-256", "MUST", idPSSSHA256}, {"RSASSA-PSS with SHA-384, SHA-512", "*(MAY)*", idPSSSHA512},
		{"RSASSA-PKCS1-v1_5 with SHA-256, SHA-384, SHA-512", "MAY", idRSASHA256},
		{"ecdsa-with-sha256", "SHOULD", idECDSASHA256}, {"ecdsa-with-sha384, ecdsa-with-sha512", "*(MAY)*", idECDSASHA512},
		{"Ed25519, Ed448 (RFC 8420)", "*(MAY)*", idEd25519},
		{"ML-DSA-44, ML-DSA-65, ML-DSA-87 (draft-ietf-ipsecme-ikev2-pqc-auth)", "*(MAY)*", idMLDSA65},
		{"sha1WithRSAEncryption", "MUST NOT", "300d06092a864886f70d0101050500"}, {"dsa-with-sha1", "MUST NOT", "300906072a8648ce380403"},
		{"ecdsa-with-sha1", "MUST NOT", "300906072a8648ce3d0401"}, {"RSASSA-PSS with empty parameters", "MUST NOT", "300d06092a864886f70d01010a3000"},
		{"RSASSA-PSS with default parameters", "MUST NOT",
			"303e06092a864886f70d01010a3031a00b300906052b0e03021a0500a118301606092a864886f70d010108300906052b0e03021a0500a203020114a303020101"},
	} {
		s, _ := parseAlgorithmID(unhex(t, r.id))
		fmt.Fprintf(b, "| %s | %s | %s |\n", r.name, r.level, status(s != SchemeNone))
	}
}

const pageHead = `# Algorithms

Every algorithm of RFC 8247 (IKE) and RFC 8221 (ESP) with the level those documents require, and what Culvert does with it.
*(MAY)* marks what a document does not mention, which makes it optional. This page is made from the code:
` + "`go test ./suite -run AlgorithmsPage -update`" + `; without the flag the test fails when the two differ.

- **default**: offered and accepted by connections whose configuration names no proposals (or the word ` + "`default`" + `);
- **by name only**: works, and has to be asked for with the word of the second column;
- **refused**: not there, because the documents say MUST NOT or SHOULD NOT; a configuration that asks for it is told so;
- **not implemented**: not there, because nobody needs it.

Words are joined by hyphens, ` + "`aes256gcm16-prfsha384-x25519`" + `; several of one kind are alternatives, the first the preferred one. IKE
without a PRF takes those of its integrity algorithms. ESP adds ` + "`esn`" + ` and ` + "`noesn`" + ` (32-bit sequence numbers, implied) and, beside key
exchanges, ` + "`modpnone`" + `, which makes them optional. The word of a key exchange behind ` + "`ke1_`" + ` to ` + "`ke7_`" + ` stands for an
[additional one](#additional-key-exchanges).
`

const pageTail = `
## Additional key exchanges

A proposal may have up to seven key exchanges after the first one (RFC 9370), so that who wants to know the keys has to break every one of
them: ` + "`aes256gcm16-prfsha384-x25519-ke1_mlkem768`" + ` is X25519 followed by ML-KEM-768. Alternatives and ` + "`ke1_none`" + `, which makes one
optional, work as elsewhere. No method is used twice, and of several alternatives those are chosen that leave something for all. They
take place in IKE_INTERMEDIATE (RFC 9242) or IKE_FOLLOWUP_KE; where the peers have not both announced IKE_INTERMEDIATE, proposals with
additional key exchanges are passed over, as peers do that know neither.

| option | proposals |
|---|---|
| ` + "`post_quantum = \"prefer\"`" + ` (default) | before those configured the same with ML-KEM-768 in addition, in the first type that is free |
| ` + "`post_quantum = \"require\"`" + ` | those with it alone |
| ` + "`post_quantum = \"off\"`" + ` | as configured |

A proposal that names ML-KEM or FrodoKEM itself stays as it is; ` + "`require`" + ` takes from it what allows to do without. IKE_SA_INIT
with the default proposals stays below 1000 octets.

- **ML-KEM-512, -768, -1024** (FIPS 203, draft-ietf-ipsecme-ikev2-mlkem), methods 35 to 37, additional or first. The responder checks
  that every coefficient of the initiator's key is below the modulus (FIPS 203, Section 7.2), the initiator the length of the ciphertext
  (Section 7.3). Every exchange has a new key pair, a new ciphertext, and randomness of its own. As the first key exchange ML-KEM-512 fits
  into a datagram of 1280 octets with few proposals beside it, the others do not (Section 2.1 of the draft), and IKE_SA_INIT cannot be
  fragmented.
- **FrodoKEM-640 with SHAKE128**, ` + "`frodo640shake`" + `, is for experiments: it has no number in the registry. Culvert takes 1640, out of the
  range for private use, which means this to Culvert alone. Keys and ciphertexts have 9.4 KiB, and it takes about a hundred times as long as ML-KEM.

## AH and IPComp

RFC 8221 also covers AH, which Culvert does not implement: ESP with ` + "`null-sha256`" + ` or ` + "`aes256gmac`" + ` authenticates
without encrypting, through NATs as well. Nor does it compress:

| compression | RFC 8221 | Culvert |
|---|---|---|
| IPCOMP_OUI | MUST NOT | refused |
| IPCOMP_DEFLATE, IPCOMP_LZS, IPCOMP_LZJH | MAY | not implemented |

## How it is done

- AES-GCM, AES-CBC, HMAC, the ECP groups, Curve25519, RSA, ECDSA and Ed25519 are those of the Go standard library,
  ChaCha20-Poly1305 that of golang.org/x/crypto, Curve448 and Ed448 those of Cloudflare's CIRCL. ML-KEM-768 and -1024 are
  the standard library's, ML-KEM-512 and FrodoKEM those of CIRCL, ML-DSA that of filippo.io/mldsa. AES-CCM, AES-XCBC and AES-CMAC
  are our own, on the library's AES.
- MODP groups compute in constant time (filippo.io/bigmod) with private values of 256 to 512 bits, twice the strength of the
  group. Every public value is checked as RFC 6989, RFC 8031 and RFC 6954 ask: length, range, curve, results of zero.
- The Brainpool groups (ProtonMail/go-crypto) do **not** compute in constant time. A private value serves for one exchange only;
  where an attacker can time single exchanges precisely, choose another group. brainpoolP224r1 is not implemented.
- IVs of counter-like modes are the sequence number in ESP, and a counter from a random start in IKE; those of AES-CBC are that
  number encrypted under a random key of their own, so that nobody can foretell them (RFC 3602, Section 3).
- RSA signatures are verified by comparing the whole encoded message. Public exponents of 3 and below, even ones, and moduli outside
  the table are refused, in certificates too.
- RSASSA-PSS is verified under exactly the parameters that the signature names (RFC 4055, Section 3.1): a hash of SHA-2, another one or
  SHA-1 in the mask, where collisions do not matter, and a salt of none to as many octets as the key has room for. We sign with the same
  hash twice and a salt of its length. Keys under id-RSASSA-PSS make no other signatures, and none that their parameters forbid.
- ML-DSA signs the octets themselves with an empty context and fresh randomness; peers must have announced the hash Identity
  (draft-ietf-ipsecme-ikev2-pqc-auth, Section 3.2). Private keys are PKCS #8 with a seed, or a seed and the key that expands from it; the
  expanded key alone does not tell the seed, and is refused.
- A longer key than the configured one is another algorithm: ` + "`aes128`" + ` does not accept AES-256. Name both to accept both.
`

// page makes docs/algorithms.md.
func page(t *testing.T) string {
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, section := range []struct {
		title string
		typ   wire.TransformType
	}{
		{"Encryption", wire.TransformENCR}, {"Pseudorandom functions", wire.TransformPRF}, {"Integrity", wire.TransformINTEG}, {"Key exchange", wire.TransformKE},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n", section.title)
		writeTransforms(&b, section.typ)
	}
	b.WriteString("\n## Authentication\n\n")
	writeMethods(&b)
	b.WriteString("\n")
	writeKeyLengths(&b)
	b.WriteString("\n")
	writeSignatures(t, &b)
	b.WriteString("\nRSA with SHA-1 exists under method 1 only, for peers that know nothing else, and by name only.\n")
	b.WriteString(pageTail)
	return b.String()
}

func TestAlgorithmsPage(t *testing.T) {
	golden.File(t, filepath.Join("..", "docs", "algorithms.md"), page(t))
}

// What the documents demand is there, and what they forbid is not.
func TestRequirementLevelsAreMet(t *testing.T) {
	for _, r := range requirements() {
		for _, side := range []struct {
			protocol wire.ProtocolID
			level    string
		}{{wire.ProtocolIKE, r.ike}, {wire.ProtocolESP, r.esp}} {
			status := ours(side.protocol, r.transform, side.level)
			name := fmt.Sprintf("%s in %s: %s is %s", TransformName(r.transform), side.protocol, side.level, status)
			switch side.level {
			case "MUST", "SHOULD", "SHOULD+", "MUST-", "SHOULD (IoT)":
				if status != "default" && status != "by name only" {
					t.Error(name)
				}
			case "MUST NOT":
				if status != "refused" {
					t.Error(name)
				}
			case "SHOULD NOT":
				if status == "default" {
					t.Error(name)
				}
			}
		}
	}
}
