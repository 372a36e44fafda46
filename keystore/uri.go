package keystore

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"culvert/keystore/token"
)

// parseURI reads a PKCS #11 URI (RFC 7512): pkcs11:token=gw;object=key?module-path=/usr/lib/x.so&pin-source=file:/etc/pin. The
// PIN is read from its file at once.
func parseURI(uri string) (token.Key, error) {
	rest, ok := strings.CutPrefix(uri, "pkcs11:")
	if !ok {
		return token.Key{}, fmt.Errorf("%q is no PKCS #11 URI: it begins with pkcs11:, as in pkcs11:token=gw;object=key?module-path=/usr/lib/softhsm/libsofthsm2.so", uri)
	}
	path, query, _ := strings.Cut(rest, "?")
	key, pinSource := token.Key{}, ""
	fields := map[string]*string{
		"token": &key.Token, "serial": &key.Serial, "object": &key.Label, "id": &key.ID,
		"module-path": &key.Module, "pin-source": &pinSource,
	}
	for _, pair := range append(strings.Split(path, ";"), strings.Split(query, "&")...) {
		name, value, _ := strings.Cut(pair, "=")
		field, known := fields[name]
		if pair == "" || name == "type" && value == "private" {
			continue
		}
		if !known {
			return token.Key{}, fmt.Errorf("PKCS #11 URI: attribute %q is not supported; there are token, serial, object, id, type=private, module-path and pin-source", name)
		}
		text, err := url.PathUnescape(value)
		if err != nil {
			return token.Key{}, fmt.Errorf("PKCS #11 URI: %s: %w", name, err)
		}
		*field = text
	}
	if err := missing(key); err != "" {
		return token.Key{}, fmt.Errorf("PKCS #11 URI: %s", err)
	}
	return key, readPIN(&key, pinSource)
}

// missing says what a URI lacks.
func missing(k token.Key) string {
	switch {
	case k.Module == "":
		return "module-path is missing, the shared library of the token's maker"
	case k.Token == "" && k.Serial == "":
		return "token (its label) or serial is missing"
	case k.Token != "" && k.Serial != "":
		return "token and serial both choose the token: give one of them"
	case k.Label == "" && k.ID == "":
		return "object (its label) or id is missing"
	}
	return ""
}

func readPIN(k *token.Key, source string) error {
	if source == "" {
		return nil
	}
	pin, err := os.ReadFile(strings.TrimPrefix(source, "file:"))
	if err != nil {
		return fmt.Errorf("PKCS #11 URI: pin-source: %w", err)
	}
	k.PIN = strings.TrimRight(string(pin), "\r\n")
	return nil
}
