package carrier

import (
	"bytes"
	"errors"
	"testing"
)

func TestFramesAreAsTheRFCDrawsThem(t *testing.T) {
	tests := []struct {
		name string
		f    frame
		want []byte
	}{
		{"start", frame{start: true}, []byte{0x20}},
		{"start of a version", frame{start: true, version: 1}, []byte{0x21}},
		{"acknowledgement", frame{}, []byte{0x00}},
		{"first fragment", frame{more: true, hasLength: true, length: 5, data: []byte{1, 2, 3}}, []byte{0xc0, 0, 0, 0, 5, 1, 2, 3}},
		{"last fragment", frame{data: []byte{4, 5}}, []byte{0x00, 4, 5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.append(nil); !bytes.Equal(got, tt.want) {
				t.Errorf("append: got %x, want %x", got, tt.want)
			}
			got, err := parseFrame(tt.want)
			if err != nil || !bytes.Equal(got.append(nil), tt.want) {
				t.Errorf("parse: %+v, %v", got, err)
			}
		})
	}
}

func TestFramesThatLieAreRefused(t *testing.T) {
	tests := map[string][]byte{
		"nothing":                      {},
		"half a length":                {0x80, 0, 0},
		"more data than the length":    {0x80, 0, 0, 0, 1, 1, 2},
		"a length without bounds":      {0x80, 0xff, 0xff, 0xff, 0xff, 1},
		"an empty fragment":            {0x40},
		"an empty first fragment":      {0xc0, 0, 0, 0, 9},
		"a start that is a fragment":   {0x60, 1},
		"a length just above the rule": {0x80, 0, 1, 0, 1, 1},
	}
	for name, b := range tests {
		if f, err := parseFrame(b); !errors.Is(err, ErrFraming) {
			t.Errorf("%s: got %+v, %v", name, f, err)
		}
	}
}

func TestFragmentsComeTogether(t *testing.T) {
	message := bytes.Repeat([]byte("0123456789"), 500)
	for _, size := range []int{MinFragment, 65, 1020, 4999, 5000, 5010, 5011, 65535} {
		s := sender{size: size}
		s.load(message)
		var a assembler
		for s.pending() {
			f, err := parseFrame(s.next())
			if err != nil {
				t.Fatal(err)
			}
			got, whole, err := a.add(f)
			if err != nil || whole == s.pending() {
				t.Fatalf("%d: whole %v, %v", size, whole, err)
			}
			if whole && !bytes.Equal(got, message) {
				t.Errorf("%d: the message has changed", size)
			}
		}
	}
}

func TestFragmentsThatDoNotFitAreRefused(t *testing.T) {
	first := frame{more: true, hasLength: true, length: 6, data: []byte{1, 2, 3}}
	tests := map[string][]frame{
		"a first one without length":    {{more: true, data: []byte{1}}},
		"too much at the end":           {first, {data: []byte{4, 5, 6, 7}}},
		"too much in the middle":        {first, {more: true, data: []byte{4, 5, 6}}},
		"too little":                    {first, {data: []byte{4}}},
		"another length":                {first, {hasLength: true, length: 7, data: []byte{4, 5, 6}}},
		"a whole one that is too short": {{hasLength: true, length: 6, data: []byte{1}}},
	}
	for name, frames := range tests {
		var a assembler
		var err error
		for _, f := range frames {
			_, _, err = a.add(f)
		}
		if !errors.Is(err, ErrFraming) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTheLengthMayBeRepeated(t *testing.T) {
	var a assembler
	if _, whole, err := a.add(frame{more: true, hasLength: true, length: 3, data: []byte{1}}); whole || err != nil {
		t.Fatal(whole, err)
	}
	got, whole, err := a.add(frame{hasLength: true, length: 3, data: []byte{2, 3}})
	if !whole || err != nil || !bytes.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("got %x, %v, %v", got, whole, err)
	}
}

// FuzzFrames gives an assembler whatever comes: it holds no more than MaxMessage, and what it takes it gives back.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0xc0, 0, 0, 0, 5, 1, 2, 3}, []byte{0x00, 4, 5})
	f.Add([]byte{0x20}, []byte{0x80, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		var a assembler
		taken := 0
		for _, b := range [][]byte{one, two, two} {
			frame, err := parseFrame(b)
			if err != nil {
				return
			}
			message, whole, err := a.add(frame)
			if err != nil {
				return
			}
			taken += len(frame.data)
			if whole && len(message) != taken || taken > MaxMessage {
				t.Fatalf("%d octets of %d", len(message), taken)
			}
			if whole {
				taken = 0
			}
		}
	})
}
