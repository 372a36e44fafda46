package main

import (
	"errors"
	"strings"
	"testing"
)

func TestPasswordIsOneLineOfBoundedLength(t *testing.T) {
	for in, want := range map[string]string{"secret\n": "secret", "secret": "secret", "two words \r\nmore": "two words ", "": ""} {
		if got, err := readLine(strings.NewReader(in)); err != nil || string(got) != want {
			t.Errorf("%q is read as %q, %v", in, []byte(got), err)
		}
	}
	if _, err := readLine(strings.NewReader(strings.Repeat("x", maxPassword+1))); err != errPasswordTooLong {
		t.Errorf("got %v", err)
	}
}

func TestPasswordIsTypedTwice(t *testing.T) {
	for in, want := range map[string]error{"secret\nsecret\n": nil, "secret\nsecert\n": errPasswordsDiffer, "secret\n\n": errPasswordsDiffer} {
		var asked strings.Builder
		got, err := askTwice(strings.NewReader(in), &asked, "Password of carol")
		if !errors.Is(err, want) || string(got) != "secret" || strings.Contains(asked.String(), "secret") {
			t.Errorf("%q: %q, %v, shown %q", in, []byte(got), err, asked.String())
		}
	}
}
