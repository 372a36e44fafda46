package swanctl

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"culvert/auth"
	"culvert/explain"
	"culvert/secret"
	"culvert/swanctl/settings"
)

// folders reads the folders of credentials, in the order of swanctl. What is no credential is warned of, and left.
func (t *tree) folders() {
	for _, f := range []credentials{
		{"x509", t.certificates(CertEntity)}, {"x509ca", t.certificates(CertAuthority)}, {"x509ocsp", t.certificates(CertOCSP)},
		{"x509aa", attributes}, {"x509ac", attributes}, {"x509crl", t.lists}, {"pubkey", t.publicKeys},
		{"private", t.private("private")}, {"rsa", t.private("rsa")}, {"ecdsa", t.private("ecdsa")}, {"pkcs8", t.private("pkcs8")}, {"pkcs12", t.container},
	} {
		t.folder(f.name, f.read)
	}
}

// credentials are a folder, and how the files in it are read.
type credentials struct {
	name string
	read func(at origin, name string, data []byte) error
}

// oldFolders reads those of ipsec.conf.
func (t *tree) oldFolders() {
	for _, f := range []credentials{
		{"certs", t.certificates(CertEntity)}, {"cacerts", t.certificates(CertAuthority)}, {"ocspcerts", t.certificates(CertOCSP)},
		{"aacerts", attributes}, {"acerts", attributes}, {"crls", t.lists}, {"private", t.private("private")},
	} {
		t.folder(f.name, f.read)
	}
}

// folder reads the files of a folder, if there is one.
func (t *tree) folder(folder string, read func(at origin, name string, data []byte) error) {
	dir := path.Join(t.dir, folder)
	entries, err := fs.ReadDir(t.files, strings.TrimPrefix(dir, "/"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.warn(origin{path: dir}, explain.ConfigFile, err.Error(), "")
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		at := origin{folder + "/" + e.Name(), settings.Place{File: name, Line: 1}}
		data, err := t.setup.read(name)
		if err == nil {
			err = read(at, name, data)
		}
		if err != nil {
			t.warn(at, explain.ConfigBadFile, err.Error(), "the file is left out")
		}
	}
}

// certificates reads files of certificates. Authorities are kept as such wherever they are.
func (t *tree) certificates(kind CertificateKind) func(origin, string, []byte) error {
	return func(_ origin, name string, data []byte) error {
		certs, err := auth.ParseCertificates(data)
		if err != nil {
			return err
		}
		for _, x := range certs {
			c, err := loadedCertificate(kind, x, name)
			if err != nil {
				return err
			}
			t.setup.Certificates = append(t.setup.Certificates, c)
		}
		return nil
	}
}

func attributes(origin, string, []byte) error {
	return errors.New("attribute certificates are not there: groups are those of users or RADIUS servers")
}

func (t *tree) lists(_ origin, name string, data []byte) error {
	if _, err := auth.ParseCRLs(data); err != nil {
		return err
	}
	t.setup.Certificates = append(t.setup.Certificates, Certificate{Kind: CertCRL, DER: data, Path: name})
	return nil
}

func (t *tree) publicKeys(_ origin, name string, data []byte) error {
	pub, err := auth.ParsePublicKey(data)
	if err == nil {
		t.setup.Certificates = append(t.setup.Certificates, Certificate{Kind: CertPublicKey, DER: data, Key: pub, Path: name})
	}
	return err
}

// private reads private keys, with the passphrases that there are for them.
func (t *tree) private(kind string) func(origin, string, []byte) error {
	return func(_ origin, name string, data []byte) error {
		open, err := decrypt(data, t.phrases(kind, path.Base(name)))
		if err != nil {
			return err
		}
		k, err := NewPrivateKey(open)
		if err != nil {
			return err
		}
		k.Path, k.Locked = name, !bytes.Equal(open, data)
		t.setup.Keys = append(t.setup.Keys, k)
		return nil
	}
}

// phrases lists the passphrases for a file of a folder.
func (t *tree) phrases(kind, file string) (all []secret.Bytes) {
	for _, p := range t.passphrases {
		if p.kind == kind && (p.file == file || p.file == "") || path.IsAbs(p.file) && path.Base(p.file) == file {
			all = append(all, p.data)
		}
	}
	return all
}

// container reads the key and the certificates of a PKCS #12 file.
func (t *tree) container(_ origin, name string, data []byte) error {
	key, certs, err := openContainer(data, t.phrases("pkcs12", path.Base(name)))
	if err != nil {
		return err
	}
	if key != nil {
		k, err := NewPrivateKey(key)
		if err != nil {
			return err
		}
		k.Path, k.Locked = name, true
		t.setup.Keys = append(t.setup.Keys, k)
	}
	for _, x := range certs {
		c, err := loadedCertificate(CertEntity, x, name)
		if err != nil {
			return fmt.Errorf("its certificate: %w", err)
		}
		t.setup.Certificates = append(t.setup.Certificates, c)
	}
	return nil
}
