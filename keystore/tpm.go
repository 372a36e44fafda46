package keystore

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// tpmDevice is the TPM with the kernel's resource manager, which loads and unloads keys of several users.
const tpmDevice = "/dev/tpmrm0"

// A tpmKey is a key in a TPM 2.0. The device is opened for each signature, so that a TPM may be reset in between.
type tpmKey struct {
	device string
	handle tpm2.TPMHandle // of a persistent key, or 0
	loaded keyFile        // with handle 0: what has to be loaded first
	public crypto.PublicKey
}

// openTPM finds a key by its persistent handle, or reads a TSS2 PRIVATE KEY file.
func (s Store) openTPM(name string) (crypto.Signer, error) {
	k := &tpmKey{device: s.Device}
	if k.device == "" {
		k.device = tpmDevice
	}
	if strings.HasPrefix(name, "0x") {
		handle, err := strconv.ParseUint(name, 0, 32)
		if err != nil || handle>>24 != 0x81 {
			return nil, fmt.Errorf("%q is no persistent TPM handle, which are 0x81000000 to 0x81ffffff", name)
		}
		k.handle = tpm2.TPMHandle(handle)
	} else {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if k.loaded, err = parseKeyFile(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	err := k.use(func(t transport.TPM, key tpm2.NamedHandle) error {
		answer, err := tpm2.ReadPublic{ObjectHandle: key.Handle}.Execute(t)
		if err != nil {
			return err
		}
		public, err := answer.OutPublic.Contents()
		if err != nil {
			return err
		}
		if !public.ObjectAttributes.SignEncrypt || public.ObjectAttributes.Restricted {
			return errors.New("the key is not for signing what comes from outside")
		}
		k.public, err = tpm2.Pub(*public)
		return err
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Public returns the public key.
func (k *tpmKey) Public() crypto.PublicKey { return k.public }

// Elsewhere says that Sign waits for a device.
func (k *tpmKey) Elsewhere() {}

// use opens the device, loads the key and has f use it.
func (k *tpmKey) use(f func(transport.TPM, tpm2.NamedHandle) error) error {
	t, err := openDevice(k.device)
	if err != nil {
		return fmt.Errorf("TPM: %w", err)
	}
	defer t.Close()
	key, unload, err := k.load(t)
	if err == nil {
		err = errors.Join(f(t, key), unload())
	}
	if err != nil {
		return fmt.Errorf("TPM: %w", err)
	}
	return nil
}

// openDevice opens a character device, or the socket of a simulator.
func openDevice(path string) (transport.TPMCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeSocket == 0 {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		return transport.FromReadWriteCloser(f), err
	}
	conn, err := net.DialTimeout("unix", path, patience)
	if err != nil {
		return nil, err
	}
	return transport.FromReadWriteCloser(conn), conn.SetDeadline(time.Now().Add(patience))
}

// load returns the key's handle and name, and how to let go of it.
func (k *tpmKey) load(t transport.TPM) (key tpm2.NamedHandle, unload func() error, err error) {
	if k.handle != 0 {
		answer, err := tpm2.ReadPublic{ObjectHandle: k.handle}.Execute(t)
		if err != nil {
			return key, nil, fmt.Errorf("handle %#x: %w", k.handle, err)
		}
		return tpm2.NamedHandle{Handle: k.handle, Name: answer.Name}, func() error { return nil }, nil
	}
	parent, drop, err := k.loaded.openParent(t)
	if err != nil {
		return key, nil, fmt.Errorf("parent of the key: %w", err)
	}
	answer, err := tpm2.Load{ParentHandle: tpm2.AuthHandle{Handle: parent.Handle, Name: parent.Name, Auth: tpm2.PasswordAuth(nil)},
		InPrivate: k.loaded.private, InPublic: k.loaded.public}.Execute(t)
	if err = errors.Join(err, drop()); err != nil {
		return key, nil, fmt.Errorf("the key does not load, it may be another TPM's: %w", err)
	}
	return tpm2.NamedHandle{Handle: answer.ObjectHandle, Name: answer.Name}, flush(t, answer.ObjectHandle), nil
}

// flush returns what takes a handle out of the TPM.
func flush(t transport.TPM, h tpm2.TPMHandle) func() error {
	return func() error {
		_, err := tpm2.FlushContext{FlushHandle: h}.Execute(t)
		return err
	}
}

// Sign has the TPM sign a digest.
func (k *tpmKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	scheme, err := k.scheme(opts)
	if err != nil {
		return nil, err
	}
	err = k.use(func(t transport.TPM, key tpm2.NamedHandle) error {
		answer, err := tpm2.Sign{
			KeyHandle:  tpm2.AuthHandle{Handle: key.Handle, Name: key.Name, Auth: tpm2.PasswordAuth(nil)},
			Digest:     tpm2.TPM2BDigest{Buffer: digest},
			InScheme:   scheme,
			Validation: tpm2.TPMTTKHashCheck{Tag: tpm2.TPMSTHashCheck},
		}.Execute(t)
		if err != nil {
			return err
		}
		signature, err = plainSignature(answer.Signature)
		return err
	})
	return signature, err
}

// scheme translates the options of a signature.
func (k *tpmKey) scheme(opts crypto.SignerOpts) (none tpm2.TPMTSigScheme, err error) {
	hashes := map[crypto.Hash]tpm2.TPMAlgID{crypto.SHA1: tpm2.TPMAlgSHA1, crypto.SHA256: tpm2.TPMAlgSHA256, crypto.SHA384: tpm2.TPMAlgSHA384, crypto.SHA512: tpm2.TPMAlgSHA512}
	hash, ok := hashes[opts.HashFunc()]
	if !ok {
		return none, fmt.Errorf("a TPM does not sign with %v", opts.HashFunc())
	}
	with := tpm2.TPMSSchemeHash{HashAlg: hash}
	if _, isRSA := k.public.(*rsa.PublicKey); !isRSA {
		return tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgECDSA, Details: tpm2.NewTPMUSigScheme(tpm2.TPMAlgECDSA, &with)}, nil
	}
	if _, pss := opts.(*rsa.PSSOptions); pss {
		return tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgRSAPSS, Details: tpm2.NewTPMUSigScheme(tpm2.TPMAlgRSAPSS, &with)}, nil
	}
	return tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgRSASSA, Details: tpm2.NewTPMUSigScheme(tpm2.TPMAlgRSASSA, &with)}, nil
}

// plainSignature turns a signature of the TPM into the form of crypto.Signer.
func plainSignature(s tpm2.TPMTSignature) ([]byte, error) {
	switch s.SigAlg {
	case tpm2.TPMAlgRSASSA:
		rsassa, err := s.Signature.RSASSA()
		if err != nil {
			return nil, err
		}
		return rsassa.Sig.Buffer, nil
	case tpm2.TPMAlgRSAPSS:
		pss, err := s.Signature.RSAPSS()
		if err != nil {
			return nil, err
		}
		return pss.Sig.Buffer, nil
	}
	pair, err := s.Signature.ECDSA()
	if err != nil {
		return nil, err
	}
	return ecdsaASN1(new(big.Int).SetBytes(pair.SignatureR.Buffer), new(big.Int).SetBytes(pair.SignatureS.Buffer))
}
