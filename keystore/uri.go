package keystore

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"culvert/keystore/token"
	"culvert/secret"
)

// A name is what a PKCS #11 URI says.
type name struct {
	object token.Object
	module string // by what the configuration calls it
	pin    secret.Bytes
}

// URI returns the PKCS #11 URI of the object with an id, in octets. Slot and module, which the configuration has named, may be "".
func URI(id []byte, slot, module string) string {
	var b strings.Builder
	b.WriteString("pkcs11:")
	if slot != "" {
		b.WriteString("slot-id=" + slot + ";")
	}
	b.WriteString("id=" + escaped(id))
	if module != "" {
		b.WriteString("?module-name=" + escaped([]byte(module)))
	}
	return b.String()
}

// escaped writes letters and digits as they are, and all other octets in hexadecimal.
func escaped(octets []byte) string {
	var b strings.Builder
	for _, c := range octets {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// parseURI reads a PKCS #11 URI (RFC 7512): pkcs11:token=gw;object=key?module-path=/usr/lib/x.so&pin-source=file:/etc/pin. The
// PIN is read from its file at once.
func parseURI(uri string) (name, error) {
	rest, ok := strings.CutPrefix(uri, "pkcs11:")
	if !ok {
		return name{}, fmt.Errorf("%q is no PKCS #11 URI: it begins with pkcs11:, as in pkcs11:token=gw;object=key?module-path=/usr/lib/softhsm/libsofthsm2.so", uri)
	}
	path, query, _ := strings.Cut(rest, "?")
	n, pinSource, id := name{}, "", ""
	fields := map[string]*string{
		"token": &n.object.Token, "serial": &n.object.Serial, "object": &n.object.Label, "id": &id, "slot-id": &n.object.Slot,
		"module-path": &n.object.Module, "module-name": &n.module, "pin-source": &pinSource,
	}
	for _, pair := range append(strings.Split(path, ";"), strings.Split(query, "&")...) {
		attribute, value, _ := strings.Cut(pair, "=")
		field, known := fields[attribute]
		if pair == "" || attribute == "type" && (value == "private" || value == "cert") {
			continue
		}
		if !known {
			return name{}, fmt.Errorf("PKCS #11 URI: attribute %q is not supported; there are token, serial, slot-id, object, id, type, module-path, module-name and pin-source", attribute)
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return name{}, fmt.Errorf("PKCS #11 URI: %s: %w", attribute, err)
		}
		*field = text
	}
	n.object.ID = hex.EncodeToString([]byte(id))
	if err := n.wrong(); err != "" {
		return name{}, fmt.Errorf("PKCS #11 URI: %s", err)
	}
	return n, n.readPIN(pinSource)
}

// wrong says what a URI lacks, or has too much of.
func (n *name) wrong() string {
	o := n.object
	_, err := strconv.ParseUint(o.Slot, 10, 64)
	switch {
	case o.Module != "" && n.module != "":
		return "module-path and module-name both choose the module: give one of them"
	case o.Token != "" && o.Serial != "":
		return "token and serial both choose the token: give one of them"
	case o.Slot != "" && err != nil:
		return "slot-id is a number"
	case o.Label == "" && o.ID == "":
		return "object (its label) or id is missing"
	}
	return ""
}

func (n *name) readPIN(source string) error {
	if source == "" {
		return nil
	}
	pin, err := os.ReadFile(strings.TrimPrefix(source, "file:"))
	if err != nil {
		return fmt.Errorf("PKCS #11 URI: pin-source: %w", err)
	}
	n.pin = secret.Bytes(strings.TrimRight(string(pin), "\r\n"))
	return nil
}
