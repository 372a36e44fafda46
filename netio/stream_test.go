package netio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// pieces gives a stream to a deframer, cut as sizes say and the last of them again and again, and returns what it found.
func pieces(t testing.TB, stream []byte, sizes ...int) (messages [][]byte, err error) {
	t.Helper()
	d := deframer{prefix: streamPrefix}
	buffer := make([]byte, len(stream)+1<<17)
	for len(stream) > 0 && err == nil {
		n := d.resume(buffer)
		if n > maxStreamMessage+lengthLen {
			t.Fatalf("%d octets wait", n)
		}
		size := min(max(sizes[0], 1), len(stream))
		if len(sizes) > 1 {
			sizes = sizes[1:]
		}
		n += copy(buffer[n:], stream[:size])
		stream = stream[size:]
		err = d.cut(buffer[:n], func(m []byte) { messages = append(messages, bytes.Clone(m)) })
	}
	return messages, err
}

func framed(messages ...string) []byte {
	stream := []byte(streamPrefix)
	for _, m := range messages {
		stream = appendFrame(stream, nil, []byte(m), 0)
	}
	return stream
}

func TestMessagesAreFoundHoweverAStreamIsCut(t *testing.T) {
	want := []string{"first", "\xff", string(make([]byte, 1400)), "x"}
	stream := framed(want...)
	for _, sizes := range [][]int{{1}, {2}, {5, 1, 3}, {6, 1}, {7, 1000}, {len(stream)}} {
		got, err := pieces(t, stream, sizes...)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v: %d messages, %v", sizes, len(got), err)
		}
		for i := range want {
			if string(got[i]) != want[i] {
				t.Errorf("%v: message %d is %d octets", sizes, i, len(got[i]))
			}
		}
	}
}

// The octets of Figures 1 to 3 of RFC 9329, written by hand.
func TestAnIKEMessageHasPrefixLengthAndMarker(t *testing.T) {
	got := appendFrame([]byte(streamPrefix), make([]byte, markerLen), []byte{0xaa, 0xbb}, 0)
	want := []byte{0x49, 0x4b, 0x45, 0x54, 0x43, 0x50, 0, 8, 0, 0, 0, 0, 0xaa, 0xbb}
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	for skip := range 9 {
		if rest := appendFrame(nil, make([]byte, markerLen), []byte{0xaa, 0xbb}, skip); !bytes.Equal(rest, want[6+skip:]) {
			t.Errorf("without the first %d octets: %x", skip, rest)
		}
	}
}

func TestStreamsThatAreNoneEnd(t *testing.T) {
	long := append([]byte(streamPrefix), 0xff, 0xff)
	tests := []struct {
		name   string
		stream []byte
		want   error
		found  int
	}{
		{"another protocol", []byte("GET / HTTP/1.1\r\n\r\n"), errPrefix, 0},
		{"a prefix that goes wrong late", []byte("IKETCQ\x00\x03\xff"), errPrefix, 0},
		{"length 0", append(framed("a"), 0, 0, 1), errLength, 1},
		{"length 1", append(framed("a"), 0, 1, 1), errLength, 1},
		{"an empty message is ignored", append(append([]byte(streamPrefix), 0, 2), 0, 3, 'x'), nil, 1},
		{"the longest message", append(long, make([]byte, maxStreamMessage)...), nil, 1},
		{"not all of the longest message", append(long, make([]byte, maxStreamMessage-1)...), nil, 0},
		{"nothing but the prefix", []byte(streamPrefix), nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1, 1 << 20} {
				if got, err := pieces(t, bytes.Clone(tt.stream), size); !errors.Is(err, tt.want) || len(got) != tt.found {
					t.Errorf("in pieces of %d: %d messages, error %v", size, len(got), err)
				}
			}
		})
	}
}

// FuzzDeframer holds what is found in pieces against what is found in one, and against a second, slow reading.
func FuzzDeframer(f *testing.F) {
	f.Add(framed("a", "bc", ""), uint8(1), uint8(3))
	f.Add(append(framed("a"), 0, 1), uint8(6), uint8(2))
	f.Add(append(framed(), 0xff, 0xff, 1, 2, 3), uint8(7), uint8(1))
	f.Add([]byte("IKET"), uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, first, then uint8) {
		whole, wholeErr := pieces(t, stream, len(stream))
		cut, cutErr := pieces(t, stream, int(first), int(then))
		if !errors.Is(cutErr, wholeErr) || len(whole) != len(cut) {
			t.Fatalf("whole: %d messages, %v; cut: %d, %v", len(whole), wholeErr, len(cut), cutErr)
		}
		want := slowly(stream)
		for i := range whole {
			if !bytes.Equal(whole[i], cut[i]) || i >= len(want) || !bytes.Equal(whole[i], want[i]) {
				t.Fatalf("message %d differs", i)
			}
		}
		if len(want) != len(whole) {
			t.Fatalf("%d messages, a slow reader finds %d", len(whole), len(want))
		}
	})
}

// slowly reads a stream as RFC 9329 describes it.
func slowly(stream []byte) (messages [][]byte) {
	r := bytes.NewReader(stream)
	prefix := make([]byte, len(streamPrefix))
	if n, _ := r.Read(prefix); n < len(prefix) || string(prefix) != streamPrefix {
		return nil
	}
	for {
		var length uint16
		if binary.Read(r, binary.BigEndian, &length) != nil || length < 2 || int(length)-2 > r.Len() {
			return messages
		}
		m := make([]byte, length-2)
		_, _ = r.Read(m)
		if len(m) > 0 {
			messages = append(messages, m)
		}
	}
}
