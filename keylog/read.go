package keylog

import (
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// Load reads one table, or those tables of a folder that are there. It is an error if a folder has none.
func (r *Ring) Load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return r.loadTable(path)
	}
	found := false
	for _, table := range Tables() {
		err := r.loadTable(filepath.Join(path, table))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		found = true
	}
	if !found {
		return fmt.Errorf("%s has none of the tables %s", path, strings.Join(Tables(), ", "))
	}
	return nil
}

func (r *Ring) loadTable(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.Read(filepath.Base(file), f)
}

// Read reads lines of any of the tables: each tells by itself of which. Errors begin with the name.
func (r *Ring) Read(name string, text io.Reader) error {
	whole := &io.LimitedReader{R: text, N: maxTable}
	rows := csv.NewReader(whole)
	rows.FieldsPerRecord, rows.Comment, rows.LazyQuotes = -1, '#', true
	for {
		row, err := rows.Read()
		if err == io.EOF && whole.N > 0 {
			return nil
		}
		if err == io.EOF {
			return fmt.Errorf("%s: %w: they are more than %d octets", name, ErrTooMany, maxTable)
		}
		if err == nil {
			err = r.row(row)
		}
		if err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("%s, line %d: %w", name, line, err)
		}
	}
}

// row takes one line. Those of ESP in Wireshark's table begin with a version of IP, or that it is any.
func (r *Ring) row(row []string) error {
	if r.lines++; r.lines > maxLines {
		return fmt.Errorf("%w: there are more than %d lines", ErrTooMany, maxLines)
	}
	first := strings.ToLower(row[0])
	switch {
	case len(row) == 8 && first == "ike":
		return r.ownIKE(row)
	case len(row) == 6 && first == "esp":
		return r.ownESP(row)
	case len(row) >= 8 && (strings.HasPrefix(first, "ip") || first == "any"):
		return r.wiresharkESP(row)
	case len(row) == 8:
		return r.wiresharkIKE(row)
	}
	return fmt.Errorf("%d fields are no line of %s", len(row), strings.Join(Tables(), ", "))
}

func (r *Ring) ownIKE(row []string) error {
	e, err := r.algorithms(row[3])
	if err != nil {
		return err
	}
	return r.addIKE(row[1], row[2], e.ENCR, e.INTEG, row[4:8])
}

// addIKE takes keys in the order Ei, Er, Ai, Ar.
func (r *Ring) addIKE(spii, spir string, encr, integ wire.Transform, keys []string) error {
	i, err1 := strconv.ParseUint(spii, 16, 64)
	n, err2 := strconv.ParseUint(spir, 16, 64)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	list, err := unhex(keys)
	if err != nil {
		return err
	}
	k := IKE{SPIi: wire.SPI(i), SPIr: wire.SPI(n), Keys: suite.IKEKeys{Ei: list[0], Er: list[1], Ai: list[2], Ar: list[3]}}
	k.Suite.Proposal = wire.Proposal{Protocol: wire.ProtocolIKE, Transforms: []wire.Transform{encr}}
	if integ.ID != 0 {
		k.Suite.Proposal.Transforms = append(k.Suite.Proposal.Transforms, integ)
	}
	r.keepIKE(k)
	return nil
}

func (r *Ring) ownESP(row []string) error {
	e, err := r.algorithms(row[2])
	if err != nil {
		return err
	}
	k := dataplane.SAKeys{Transforms: e, AggFrag: row[3] == "aggfrag"}
	if row[3] == esp.Transport.String() {
		k.Mode = esp.Transport
	}
	return r.addESP(k, true, row[1], row[4], row[5])
}

func (r *Ring) addESP(k dataplane.SAKeys, known bool, spi, encr, integ string) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(spi, "0x"), 16, 32)
	if err != nil {
		return err
	}
	keys, err := unhex([]string{encr, integ})
	if err != nil {
		return err
	}
	k.SPI, k.EncrKey, k.IntegKey = uint32(n), keys[0], keys[1]
	r.keepESP(k, known)
	return nil
}

// algorithms reads what our table has in the words of proposals.
func (r *Ring) algorithms(s string) (suite.ESP, error) {
	var err error
	e, _ := r.lookUp("own "+s, func() (suite.ESP, bool) {
		var p wire.Proposal
		words, draft := strings.CutSuffix(s, draftWord)
		p, err = suite.ParseProposal(wire.ProtocolESP, words)
		e := suite.ESPFromSelection(suite.Selection{Proposal: p})
		if draft {
			e = e.AsDraft()
		}
		return e, err == nil
	})
	return e, err
}

// unhex reads hexadecimal digits, with or without 0x in front.
func unhex(texts []string) (list []secret.Bytes, err error) {
	for _, t := range texts {
		b, err := hex.DecodeString(strings.TrimPrefix(t, "0x"))
		if err != nil {
			return nil, errors.New("a key is not hexadecimal")
		}
		list = append(list, b)
	}
	return list, nil
}
