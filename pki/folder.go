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

// write replaces a file as a whole, so that a crash leaves the old or the new one.
func (a *Authority) write(name string, data []byte) error {
	path := a.File(name)
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

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *Authority) writePEM(name, kind string, der []byte) error {
	return a.write(name, encode(kind, der))
}

// writeKey writes a private key as PKCS #8, readable by its owner alone, as all files are that os.CreateTemp makes.
func (a *Authority) writeKey(name string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := encode("PRIVATE KEY", der)
	defer secret.Bytes(der).Clear()
	defer secret.Bytes(text).Clear()
	return a.write(name, text)
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
