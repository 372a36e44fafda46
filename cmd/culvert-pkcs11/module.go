//go:build cgo

package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/miekg/pkcs11"

	"culvert/keystore/token"
)

// A module is a loaded PKCS #11 library.
type module struct {
	path string
	ctx  *pkcs11.Ctx
}

// module loads a library once.
func (h *helper) module(path string) (*module, error) {
	if m := h.modules[path]; m != nil {
		return m, nil
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("PKCS #11 module: %w", err)
	}
	m := &module{path, pkcs11.New(path)}
	if m.ctx == nil {
		return nil, fmt.Errorf("PKCS #11 module %s: it cannot be loaded: it is no PKCS #11 library, or one that it needs is missing", path)
	}
	if err := m.ctx.Initialize(); err != nil {
		m.ctx.Destroy()
		return nil, fmt.Errorf("PKCS #11 module %s: it does not start: %w", path, err)
	}
	h.modules[path] = m
	return m, nil
}

// A present is a token that is in a slot.
type present struct {
	*module
	slot  uint
	place token.Place
	login bool // it wants a PIN
}

// because tells where an error has happened, and what it means.
func (t present) because(what string, err error) error {
	if err == nil {
		return nil
	}
	failure, meaning := inWords(err)
	return &failed{&token.Error{Failure: failure, Text: fmt.Sprintf("PKCS #11 module %s, %v: %s: %s", t.path, t.place, what, meaning)}, err}
}

// mostSlots bounds how many tokens of a module are looked at.
const mostSlots = 64

// tokens lists the tokens that an object may be in.
func (m *module) tokens(o token.Object) (list []present, err error) {
	slots, err := m.ctx.GetSlotList(true)
	if err != nil {
		return nil, fmt.Errorf("PKCS #11 module %s: it does not list its slots: %w", m.path, err)
	}
	for _, slot := range slots[:min(len(slots), mostSlots)] {
		info, err := m.ctx.GetTokenInfo(slot)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			continue // it was taken out in between, or has nothing yet
		}
		t := present{m, slot, token.Place{Slot: strconv.FormatUint(uint64(slot), 10), Token: info.Label, Serial: info.SerialNumber}, info.Flags&pkcs11.CKF_LOGIN_REQUIRED != 0}
		if t.fits(o) {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return nil, m.absent(o, "there is no such token: it was taken out, or is in another slot")
	}
	return list, nil
}

// fits tells whether the token is one that an object names.
func (t present) fits(o token.Object) bool {
	return (o.Slot == "" || o.Slot == t.place.Slot) && (o.Token == "" || o.Token == t.place.Token) && (o.Serial == "" || o.Serial == t.place.Serial)
}

// absent says that an object is not there.
func (m *module) absent(o token.Object, why string) error {
	return &token.Error{Failure: token.Absent, Text: fmt.Sprintf("PKCS #11 module %s: %s: %s", m.path, wish(o), why)}
}

// wish names what is looked for.
func wish(o token.Object) string {
	text := ""
	for _, part := range []struct{ name, value string }{{"id", o.ID}, {"label", o.Label}, {"slot", o.Slot}, {"token", o.Token}, {"serial number", o.Serial}} {
		if part.value == "" {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += part.name + " " + part.value
	}
	return text
}

// A session is an open one with a token.
type session struct {
	present
	handle pkcs11.SessionHandle
}

func (t present) session() (*session, error) {
	handle, err := t.ctx.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, t.because("it opens no session", err)
	}
	return &session{t, handle}, nil
}

func (s *session) close() { _ = s.ctx.CloseSession(s.handle) }

// login shows the PIN, unless there is none. It is tried once: tokens lock after a few that are wrong.
func (s *session) login(pin []byte) error {
	if len(pin) == 0 {
		if s.present.login {
			return &token.Error{Failure: token.Refused, Text: fmt.Sprintf("PKCS #11 module %s, %v: the token wants a PIN, and none is given", s.path, s.place)}
		}
		return nil
	}
	err := s.ctx.Login(s.handle, pkcs11.CKU_USER, string(pin))
	if err == pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		return nil
	}
	return s.because("it lets nobody in", err)
}
