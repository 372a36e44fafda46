package keystore

import (
	"encoding/pem"
	"errors"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// A keyFile is what a TSS2 PRIVATE KEY file holds: a key that only its TPM can use, which has to be loaded below its parent.
// The format is that of the OpenSSL engine and provider for TPMs ("ASN.1 Specification for TPM 2.0 Key Files").
type keyFile struct {
	parent  tpm2.TPMHandle // a hierarchy, under which the parent is made anew, or a persistent handle
	public  tpm2.TPM2BPublic
	private tpm2.TPM2BPrivate
}

// parseKeyFile reads
//
//	TPMKey ::= SEQUENCE { type OID, emptyAuth [0] BOOLEAN OPTIONAL, policies and more [1..4] OPTIONAL,
//	                      parent INTEGER, pubkey OCTET STRING, privkey OCTET STRING }
func parseKeyFile(data []byte) (f keyFile, err error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "TSS2 PRIVATE KEY" {
		return f, errors.New("not a TSS2 PRIVATE KEY")
	}
	in := cryptobyte.String(block.Bytes)
	var body, oid cryptobyte.String
	var public, private cryptobyte.String
	var parent int64
	if !in.ReadASN1(&body, der.SEQUENCE) || !body.ReadASN1(&oid, der.OBJECT_IDENTIFIER) {
		return f, errors.New("malformed TSS2 PRIVATE KEY")
	}
	if err := skipOptional(&body); err != nil {
		return f, err
	}
	if !body.ReadASN1Integer(&parent) || !body.ReadASN1(&public, der.OCTET_STRING) || !body.ReadASN1(&private, der.OCTET_STRING) {
		return f, errors.New("malformed TSS2 PRIVATE KEY")
	}
	f.parent = tpm2.TPMHandle(parent)
	pub, err1 := tpm2.Unmarshal[tpm2.TPM2BPublic](public)
	priv, err2 := tpm2.Unmarshal[tpm2.TPM2BPrivate](private)
	if err := errors.Join(err1, err2); err != nil {
		return f, err
	}
	f.public, f.private = *pub, *priv
	return f, nil
}

// skipOptional passes over the optional fields; of these, policies cannot be satisfied here. emptyAuth says whether the key has
// no password, but there are tools that write the opposite: the TPM will tell.
func skipOptional(body *cryptobyte.String) error {
	for tag := uint8(0); tag <= 4; tag++ {
		var field cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&field, &present, der.Tag(tag).ContextSpecific().Constructed()) {
			return errors.New("malformed TSS2 PRIVATE KEY")
		}
		if present && tag > 0 {
			return errors.New("TSS2 PRIVATE KEY with a policy, which cannot be satisfied")
		}
	}
	return nil
}

// openParent returns the parent: a persistent key, or the storage key that every TPM makes alike from its hierarchy's seed.
func (f keyFile) openParent(t transport.TPM) (parent tpm2.NamedHandle, drop func() error, err error) {
	if f.parent>>24 == 0x81 {
		answer, err := tpm2.ReadPublic{ObjectHandle: f.parent}.Execute(t)
		if err != nil {
			return parent, nil, err
		}
		return tpm2.NamedHandle{Handle: f.parent, Name: answer.Name}, func() error { return nil }, nil
	}
	answer, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.AuthHandle{Handle: f.parent, Auth: tpm2.PasswordAuth(nil)},
		InPublic: tpm2.New2B(storageKey())}.Execute(t)
	if err != nil {
		return parent, nil, err
	}
	return tpm2.NamedHandle{Handle: answer.ObjectHandle, Name: answer.Name}, flush(t, answer.ObjectHandle), nil
}

// storageKey is the template of the parent, which has nothing in its unique field, unlike that of the TCG's guidance.
func storageKey() tpm2.TPMTPublic {
	template := tpm2.ECCSRKTemplate
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{})
	return template
}
