package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"culvert/auth"
	"culvert/secret"
)

// acquire locks the folder against other processes until the file is closed.
func (a *Authority) acquire() error {
	f, err := os.OpenFile(a.File("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("another process is using the authority in %s", a.dir), f.Close())
	}
	a.lock = f
	return nil
}

// replace writes a file as a whole, readable by its owner alone, so that a crash leaves the old or the new one.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // which is gone after the rename
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// write replaces a file of the authority.
func (a *Authority) write(name string, data []byte) error { return replace(a.File(name), data) }

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *Authority) writePEM(name, kind string, der []byte) error {
	return a.write(name, encode(kind, der))
}

// writeKey writes a private key as PKCS #8.
func (a *Authority) writeKey(name string, key crypto.Signer) error {
	return writeKey(a.File(name), key)
}

func writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := encode("PRIVATE KEY", der)
	defer secret.Bytes(der).Clear()
	defer secret.Bytes(text).Clear()
	return replace(path, text)
}

// NewKeyFile makes a key and writes it to a file that only its owner may read.
func NewKeyFile(path string, algorithm Algorithm) (crypto.Signer, error) {
	key, err := algorithm.generate()
	if err != nil {
		return nil, err
	}
	return key, writeKey(path, key)
}

// WritePair writes a chain of certificates (DER) and the private key that belongs to it, each file as a whole.
func WritePair(certificates, keyFile string, chain [][]byte, key crypto.Signer) error {
	var text []byte
	for _, der := range chain {
		text = append(text, encode("CERTIFICATE", der)...)
	}
	return errors.Join(writeKey(keyFile, key), replace(certificates, text))
}

func (a *Authority) readKey(name string) (crypto.Signer, error) {
	data, err := os.ReadFile(a.File(name))
	if err != nil {
		return nil, err
	}
	defer secret.Bytes(data).Clear()
	key, err := auth.ParsePrivateKey(bytes.TrimSpace(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// File returns the path of a file of the authority.
func (a *Authority) File(name string) string { return filepath.Join(a.dir, name) }

// Files returns the paths of a certificate, and of its private key if that was made here.
func (a *Authority) Files(r Record) []string {
	files := []string{a.File(filepath.Join(issuedDir, r.Serial+".pem"))}
	if r.HasKey {
		files = append(files, a.File(filepath.Join(keysDir, r.Serial+".key")))
	}
	return files
}
