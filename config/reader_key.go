package config

import (
	"crypto"
	"crypto/sha256"
	"errors"
	"path"
	"slices"

	"culvert/auth"
	"culvert/auth/keys"
	"culvert/explain"
	"culvert/keystore"
	"culvert/secret"
)

// isStore tells whether a call names a key that is in no file.
func isStore(call string) bool { return slices.Contains(keystore.Kinds(), keystore.Kind(call)) }

// keyFile reads a private key from a file, or finds it in a key store.
func keyFile() reader[KeyFile] {
	r := fileReader("file of a private key", func(b []byte) (crypto.Signer, error) {
		defer secret.Bytes(b).Clear()
		return auth.ParsePrivateKey(b)
	}, func(f File, v crypto.Signer) KeyFile { return KeyFile{f, v} })
	fromFile := r.parse
	r.expect = `a path such as "gw.key", or credential("name"), pkcs11("uri"), tpm("handle"), ssh_agent("name")`
	r.parse = func(l literal) (KeyFile, error) {
		if isStore(l.call) {
			return l.decoder.storedKey(l)
		}
		return fromFile(l)
	}
	return r
}

// storedKey opens a key that is in no file.
func (d *decoder) storedKey(l literal) (KeyFile, error) {
	kind, name := keystore.Kind(l.call), l.AsString()
	key, err := d.openKey(kind, name, path.Dir(l.span.Filename))
	if err == nil {
		var public []byte
		if public, err = keys.MarshalPublic(key.Public()); err == nil {
			return KeyFile{File{l.call + ":" + name, sha256.Sum256(public)}, key}, nil
		}
	}
	return KeyFile{}, unopened(err)
}

// unopened says that a device or agent does not have what was asked for.
func unopened(err error) error {
	return &mistake{code: explain.ConfigKeyStore, message: err.Error(), hint: "the daemon and `culvert check` both ask the device or agent: see that it is there and lets this user in"}
}

// tokenCertificate reads a certificate in a PKCS #11 token.
func (d *decoder) tokenCertificate(l literal) (none CertificateFile, err error) {
	if d.Certificate == nil {
		return none, unopened(errors.New("certificates outside of files cannot be used here"))
	}
	der, err := d.Certificate(d.modules(), l.AsString())
	if err != nil {
		return none, unopened(err)
	}
	certs, err := auth.ParseCertificates(der)
	if err != nil {
		return none, unopened(err)
	}
	return CertificateFile{File{l.call + ":" + l.AsString(), sha256.Sum256(der)}, certs}, nil
}

// openKey asks the store; a TPM's key file is relative to the configuration as any other file.
func (d *decoder) openKey(kind keystore.Kind, name, where string) (crypto.Signer, error) {
	if d.Keys == nil {
		return nil, errors.New("keys outside of files cannot be used here")
	}
	if kind == keystore.TPM && len(name) > 1 && name[:2] != "0x" && !path.IsAbs(name) {
		name = path.Join(where, name)
	}
	var modules []keystore.Module
	if kind == keystore.PKCS11 {
		modules = d.modules()
	}
	return d.Keys(modules, kind, name)
}
