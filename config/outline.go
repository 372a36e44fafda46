package config

import (
	"encoding/json"
	"strconv"

	"culvert/spd"
)

// Outline reads connections back from what Effective tells of them, as far as it says between whom they are and for which traffic: names,
// addresses and port of the peer, selectors and priorities of children. All else has no value.
func Outline(blocks []Effective) []*Connection {
	var list []*Connection
	for _, b := range blocks {
		if b.Kind != "connection" {
			continue
		}
		c := &Connection{Name: b.Name}
		for _, inner := range b.Blocks {
			switch inner.Kind {
			case "remote":
				c.Remote.Addresses, c.Remote.Port = read(inner.words("address"), parseHost), uint16(inner.number("port"))
			case "child":
				c.Children = append(c.Children, &Child{Name: inner.Name, Local: read(inner.words("local"), parseSelector),
					Remote: read(inner.words("remote"), parseSelector), Priority: inner.number("priority")})
			}
		}
		list = append(list, c)
	}
	return list
}

func (e Effective) value(option string) string {
	for _, s := range e.Options {
		if s.Name == option {
			return s.Value
		}
	}
	return ""
}

// words are the strings of a list, or a single one, which are written as in JSON.
func (e Effective) words(option string) []string {
	var list []string
	text := []byte(e.value(option))
	if json.Unmarshal(text, &list) != nil {
		var one string
		if json.Unmarshal(text, &one) == nil {
			list = []string{one}
		}
	}
	return list
}

func (e Effective) number(option string) int {
	n, _ := strconv.Atoi(e.value(option)) // 0 where there is none
	return n
}

// read leaves out what cannot be read.
func read[T Address | spd.Selector](words []string, parse func(string) (T, error)) []T {
	var list []T
	for _, w := range words {
		if v, err := parse(w); err == nil {
			list = append(list, v)
		}
	}
	return list
}
