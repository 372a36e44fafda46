package config

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"culvert/auth"
	"culvert/explain"
	"culvert/keystore"
	"culvert/secret"
)

// A File is a file that the configuration names, as it was when it was read.
type File struct {
	Path   string
	Digest [sha256.Size]byte // SHA-256 of the contents
}

func (f File) file() File { return f }

// Files with their contents.
type (
	// A CertificateFile holds one or more certificates, or stands for one in a token: Path is its name there.
	CertificateFile struct {
		File
		Certificates []*x509.Certificate
	}
	// A KeyFile holds a private key, or stands for one in a key store: Path is its name there, Digest that of the public key.
	KeyFile struct {
		File
		Key crypto.Signer
	}
	// A PublicKeyFile holds a public key.
	PublicKeyFile struct {
		File
		Key crypto.PublicKey
	}
	// A CRLFile holds certificate revocation lists.
	CRLFile struct {
		File
		Lists []*x509.RevocationList
	}
)

func certificateFile() reader[CertificateFile] {
	r := fileReader("file of certificates", auth.ParseCertificates, func(f File, v []*x509.Certificate) CertificateFile { return CertificateFile{f, v} })
	fromFile := r.parse
	r.expect = `a path such as "gw.pem", or credential("name"), or pkcs11("uri") for one in a token`
	r.parse = func(l literal) (CertificateFile, error) {
		if l.call == string(keystore.PKCS11) {
			return l.decoder.tokenCertificate(l)
		}
		return fromFile(l)
	}
	return r
}

func publicKeyFile() reader[PublicKeyFile] {
	return fileReader("file of a public key", auth.ParsePublicKey, func(f File, v crypto.PublicKey) PublicKeyFile { return PublicKeyFile{f, v} })
}

func crlFile() reader[CRLFile] {
	return fileReader("file of revocation lists", auth.ParseCRLs, func(f File, v []*x509.RevocationList) CRLFile { return CRLFile{f, v} })
}

// fileReader reads a path, the file there, and what it holds.
func fileReader[V any, T interface{ file() File }](kind string, parse func([]byte) (V, error), wrap func(File, V) T) reader[T] {
	return reader[T]{kind: kind, expect: `a path such as "gw.pem", or credential("name")`, same: func(v T) any { return v.file() }, parse: func(l literal) (none T, err error) {
		if l.Type() != cty.String {
			return none, errType
		}
		f, data, err := l.decoder.open(l, strings.Contains(kind, "private"))
		if err != nil {
			return none, err
		}
		v, err := parse(data)
		if err != nil {
			return none, &mistake{code: explain.ConfigBadFile, message: fmt.Sprintf("%s: %v", f.Path, err), hint: "the option takes a " + kind}
		}
		return wrap(f, v), nil
	}}
}

// open reads the file that a literal names, relative to the file that it stands in.
func (d *decoder) open(l literal, private bool) (File, []byte, error) {
	if isStore(l.call) {
		return File{}, nil, errType
	}
	name := l.AsString()
	where := path.Dir(l.span.Filename)
	if l.call == "credential" {
		if where = d.Credentials; where == "" {
			return File{}, nil, &mistake{code: explain.ConfigFile, message: fmt.Sprintf("there is no credential %q: systemd has given none", name), hint: "add LoadCredential= to the unit of the daemon, or name a file"}
		}
		if err := checkName(name); err != nil {
			return File{}, nil, &mistake{code: explain.ConfigFile, message: fmt.Sprintf("%q is no name of a credential: %v", name, err)}
		}
	}
	if !path.IsAbs(name) {
		name = path.Join(where, name)
	}
	data, err := d.readFile(name)
	if err != nil {
		return File{}, nil, fileMistake(name, err)
	}
	if private && l.call != "credential" {
		d.checkPermissions(name, l.span)
	}
	return File{name, sha256.Sum256(data)}, data, nil
}

// fileMistake says why a file cannot be read, and what to do.
func fileMistake(name string, err error) error {
	m := &mistake{code: explain.ConfigFile, message: fmt.Sprintf("%s: %v", name, err)}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		m.message = fmt.Sprintf("%s: %v", name, pathError.Err)
	}
	var known *mistake
	switch {
	case errors.As(err, &known):
		m.hint = known.hint
	case errors.Is(err, fs.ErrNotExist):
		m.message, m.hint = fmt.Sprintf("there is no file %s", name), "paths are relative to the directory of the configuration file"
	case errors.Is(err, fs.ErrPermission):
		m.message, m.hint = fmt.Sprintf("%s may not be read", name), "the daemon reads it as root; `culvert check` needs the same rights"
	}
	return m
}

// readFile reads a regular file of bounded size. It looks before it opens: opening a pipe would wait for a writer. What a program
// has made of many files may be larger.
func (d *decoder) readFile(name string) ([]byte, error) {
	most := int64(1 << 20)
	if d.Loaders[name] != "" {
		most <<= 6
	}
	name = rooted(name)
	info, err := fs.Stat(d.Files, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := d.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = &mistake{message: fmt.Sprintf("larger than %d MiB", most>>20), hint: "put parts of it into files of their own, and name these with include"}
	}
	return data, err
}

// rooted returns an absolute path as the file system has it.
func rooted(name string) string {
	if name = strings.TrimPrefix(path.Clean(name), "/"); name == "" {
		return "."
	}
	return name
}

// checkPermissions warns of a file of secrets that everybody can read, once, whatever number of secrets it has.
func (d *decoder) checkPermissions(name string, span hcl.Range) {
	info, err := fs.Stat(d.Files, rooted(name))
	if err == nil && info.Mode().Perm()&0o007 != 0 && !d.exposed[name] {
		d.exposed[name] = true
		d.warn(explain.ConfigPermissions, span, finding{message: fmt.Sprintf("%s is open to every user (mode %04o)", name, info.Mode().Perm()), hint: "chmod 600 " + name})
	}
}

// preShared is the slot of a pre-shared key.
func preShared(s *Secret) slot { return preSharedFrom(&s.PSK, &s.Path, auth.ParseSecret) }

// preSharedFrom is the slot of a secret with the path of its file, and of how its text is read.
func preSharedFrom(dst *secret.Bytes, path *string, parse func(string) (secret.Bytes, error)) slot {
	return &presharedKey[secret.Bytes]{dst, path, parse}
}

// preSharedIn is the slot of another secret that two sides know.
func preSharedIn(dst *secret.Bytes) slot {
	return &presharedKey[secret.Bytes]{dst, new(string), auth.ParseSecret}
}

// presharedKey is the slot of what is made of a secret that stands in a file, in a credential or in the configuration.
type presharedKey[T any] struct {
	dst   *T
	path  *string // of the file that it was read from
	parse func(string) (T, error)
}

func (p *presharedKey[T]) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	single := one(p.dst, reader[T]{
		kind: p.kind(), expect: `file("office.psk"), credential("office") or the key in quotes`,
		parse: func(l literal) (T, error) { return p.load(d, l) },
	})
	single.read(d, o, origin, expr)
}

func (p *presharedKey[T]) load(d *decoder, l literal) (v T, err error) {
	if l.Type() != cty.String {
		return v, errType
	}
	text := []byte(l.AsString())
	if l.call != "" {
		f, data, err := d.open(l, true)
		if err != nil {
			return v, err
		}
		*p.path, text = f.Path, trimNewline(data)
	} else {
		d.checkPermissions(l.span.Filename, l.span)
	}
	return p.parse(string(text)) // its errors do not quote the text
}

// trimNewline takes off the one newline with which editors end files.
func trimNewline(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

// secretKind is the kind of options whose values are never shown.
const secretKind = "secret"

func (p *presharedKey[T]) kind() string { return secretKind }
func (p *presharedKey[T]) text() string { return "" }
func (p *presharedKey[T]) stored() any  { return *p.dst }
