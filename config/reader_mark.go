package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"culvert/dataplane"
)

// Words for numbers that the daemon chooses.
const (
	uniqueWord       = "unique"
	perDirectionWord = "unique-dir"
	sameWord         = "same"
)

// choices are the words for numbers of a Child SA's own.
func choices() map[string]dataplane.Choice {
	return map[string]dataplane.Choice{uniqueWord: dataplane.Unique, perDirectionWord: dataplane.PerDirection}
}

// choiceWord is the word for a choice; "" for a fixed number.
func choiceWord(c dataplane.Choice) string {
	return map[dataplane.Choice]string{dataplane.Unique: uniqueWord, dataplane.PerDirection: perDirectionWord, dataplane.Same: sameWord}[c]
}

// packetMark reads "0x11/0xff", "17", 0, or "unique/0xff".
func packetMark() reader[dataplane.Mark] {
	return textual("mark", `a mark such as "0x11/0xff", "unique", "unique-dir" or "0"`, func(s string) (dataplane.Mark, error) { return parseMark(s, choices()) }, formatMark)
}

// markToSet reads "0x11/0xff", "17", 0, or "same/0xff".
func markToSet() reader[dataplane.Mark] {
	words := map[string]dataplane.Choice{sameWord: dataplane.Same}
	return textual("mark", `a mark such as "0x11/0xff", "same" or "0"`, func(s string) (dataplane.Mark, error) { return parseMark(s, words) }, formatMark)
}

func parseMark(s string, words map[string]dataplane.Choice) (m dataplane.Mark, err error) {
	value, mask, masked := strings.Cut(s, "/")
	choice, chosen := words[value]
	var v uint64
	if !chosen {
		v, err = strconv.ParseUint(value, 0, 32)
	}
	bits := uint64(1<<32 - 1)
	if masked && err == nil {
		bits, err = strconv.ParseUint(mask, 0, 32)
	}
	switch {
	case err != nil:
		return m, fmt.Errorf("%q is no mark", s)
	case v&^bits != 0:
		return m, errors.New("the value has bits that the mask leaves out")
	case chosen && choice != dataplane.Same && (bits == 0 || bits&(bits+1) != 0):
		return m, errors.New("numbers count up from 1, so the mask needs the lowest bit and all that follow up to its highest, as 0xffff")
	case v == 0 && !masked && !chosen:
		return m, nil
	}
	return dataplane.Mark{Value: uint32(v), Mask: uint32(bits), Choice: choice}, nil
}

func formatMark(m dataplane.Mark) string {
	switch word := choiceWord(m.Choice); {
	case m == (dataplane.Mark{}):
		return "0"
	case word != "" && m.Mask == 1<<32-1:
		return word
	case word != "":
		return fmt.Sprintf("%s/%#x", word, m.Mask)
	}
	return fmt.Sprintf("%#x/%#x", m.Value, m.Mask)
}

// interfaceID reads the number of an XFRM interface, or how it is chosen.
func interfaceID() reader[dataplane.InterfaceID] {
	numbers := number[uint32](0, 1<<32-1)
	return reader[dataplane.InterfaceID]{
		kind: "number or word", expect: `a whole number, "unique" or "unique-dir"`,
		parse: func(l literal) (id dataplane.InterfaceID, err error) {
			if l.call != "" || l.Type() != cty.String {
				id.Number, err = numbers.parse(l)
				return id, err
			}
			choice, ok := choices()[l.AsString()]
			if !ok {
				return id, fmt.Errorf("%q is no number of an interface", l.AsString())
			}
			return dataplane.InterfaceID{Choice: choice}, nil
		},
		format: func(id dataplane.InterfaceID) string {
			if id.Choice != dataplane.Fixed {
				return quote(formatInterfaceID(id))
			}
			return formatInterfaceID(id)
		},
	}
}

func formatInterfaceID(id dataplane.InterfaceID) string {
	if id.Choice != dataplane.Fixed {
		return choiceWord(id.Choice)
	}
	return strconv.FormatUint(uint64(id.Number), 10)
}
