// Package keylog writes and reads session keys as tables of text: ikev2_decryption_table and esp_sa as Wireshark has them in a
// profile folder, and culvert_keys with what Wireshark has no words for. Whoever reads them reads the traffic, so nothing is
// written unless somebody asks for it by name.
package keylog

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"culvert/dataplane"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// The tables.
const (
	TableIKE = "ikev2_decryption_table" // of Wireshark
	TableESP = "esp_sa"                 // of Wireshark
	TableAll = "culvert_keys"           // all SAs, in words of proposals
)

// Tables are all of them.
func Tables() []string { return []string{TableIKE, TableESP, TableAll} }

// IKE is what reads the messages of one IKE SA.
type IKE struct {
	SPIi, SPIr wire.SPI
	Suite      suite.Selection
	Keys       suite.IKEKeys
}

// A Line belongs to a table. It ends with a newline.
type Line struct {
	Table string
	Text  secret.Bytes
}

// Clear overwrites the text.
func (l Line) Clear() { l.Text.Clear() }

// Lines are those of the SA: one for us, and one for Wireshark if it can decrypt the algorithms.
func (k *IKE) Lines() []Line {
	encr, _ := k.Suite.Get(wire.TransformENCR)
	integ, _ := k.Suite.Get(wire.TransformINTEG)
	lines := []Line{line(TableAll, "ike,%016x,%016x,%s,%s,%s,%s,%s\n", uint64(k.SPIi), uint64(k.SPIr), algorithms(encr, integ, false),
		hex.EncodeToString(k.Keys.Ei), hex.EncodeToString(k.Keys.Er), hex.EncodeToString(k.Keys.Ai), hex.EncodeToString(k.Keys.Ar))}
	if e, i, ok := ikeNames(k.Suite); ok {
		lines = append(lines, line(TableIKE, "%016x,%016x,%s,%s,%q,%s,%s,%q\n", uint64(k.SPIi), uint64(k.SPIr),
			hex.EncodeToString(k.Keys.Ei), hex.EncodeToString(k.Keys.Er), e, hex.EncodeToString(k.Keys.Ai), hex.EncodeToString(k.Keys.Ar), i))
	}
	return lines
}

// ESPLines are those of one ESP SA. Addresses are wildcards, so that they hold when the peer moves.
func ESPLines(k *dataplane.SAKeys) []Line {
	lines := []Line{line(TableAll, "esp,%08x,%s,%s,%s,%s\n", k.SPI, espAlgorithms(k.Transforms), content(k),
		hex.EncodeToString(k.EncrKey), hex.EncodeToString(k.IntegKey))}
	encr, integ, ok := espNames(k.Transforms)
	if !ok {
		return lines
	}
	family, authKey := "IPv4", ""
	if k.IPv6 {
		family = "IPv6"
	}
	if len(k.IntegKey) > 0 {
		authKey = "0x" + hex.EncodeToString(k.IntegKey)
	}
	return append(lines, line(TableESP, "%q,%q,%q,\"0x%08x\",%q,\"0x%s\",%q,%q\n", family, "*", "*", k.SPI, encr, hex.EncodeToString(k.EncrKey), integ, authKey))
}

func line(table, format string, args ...any) Line {
	return Line{table, fmt.Appendf(nil, format, args...)}
}

// algorithms writes transforms as a proposal does: "aes256-sha256-esn".
func algorithms(encr, integ wire.Transform, esn bool) string {
	p := wire.Proposal{Protocol: wire.ProtocolESP, Transforms: []wire.Transform{encr}}
	if integ.ID != 0 {
		p.Transforms = append(p.Transforms, integ)
	}
	if esn {
		p.Transforms = append(p.Transforms, wire.Transform{Type: wire.TransformSN, ID: wire.SN64})
	}
	return suite.FormatProposal(p)
}

// draftWord is behind the algorithms of an SA that cuts HMAC-SHA-256 to 96 bits.
const draftWord = "-sha256_96"

// espAlgorithms writes those of an ESP SA: "aes256-sha256", "aes256-sha256-sha256_96".
func espAlgorithms(e suite.ESP) string {
	s := algorithms(e.ENCR, e.INTEG, e.ESN)
	if e.Draft {
		s += draftWord
	}
	return s
}

// content says what is in the packets of an SA.
func content(k *dataplane.SAKeys) string {
	if k.AggFrag {
		return "aggfrag"
	}
	return k.Mode.String()
}

// A Log appends to the tables of one folder. It is safe for concurrent use; a nil Log writes nothing.
type Log struct {
	mu  sync.Mutex
	dir string
}

// Open makes the folder, readable by its owner only. Keys of earlier sessions stay in it.
func Open(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Log{dir: dir}, nil
}

// Write appends lines to their tables.
func (l *Log) Write(lines []Line) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range lines {
		if err := l.append(line); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) append(line Line) error {
	f, err := os.OpenFile(filepath.Join(l.dir, line.Table), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(line.Text); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
