package usim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// The keys of 3GPP TS 35.208, test set 1.
const (
	keyText = "k=465b5ce8b199b49faa5f0a2ee238a6bc"
	opText  = "op=cdc202d5123e20f62b6d676ac72cb318"
	opcText = "opc=cd63cb71954a9f4e48a5994e37a02baf"
)

func TestKeysAreReadWithEitherConstant(t *testing.T) {
	for _, text := range []string{keyText + " " + opcText, " " + opText + "\n" + keyText + "\n", strings.ToUpper(keyText[2:]) + " " + opcText} {
		if !strings.Contains(text, "k=") {
			text = "k=" + text
		}
		keys, err := ParseKeys(text)
		if err != nil || !keys.K.Equal(k) || !keys.OPc.Equal(opc) {
			t.Errorf("got %v, %v", err, keys)
		}
		if got := string(keys.Text()); got != keyText+" "+opcText {
			t.Errorf("got another text")
		}
	}
}

func TestWhatAreNoKeysIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{"", keyText, opcText, keyText + " " + keyText, keyText + " " + opText + " " + opcText, keyText + " opd" + opcText[3:],
		keyText[:33] + " " + opcText, keyText + " " + opcText + "00", strings.Repeat(keyText+" ", 9), "k= op=", keyText + " " + opcText[4:]} {
		if _, err := ParseKeys(text); err == nil || strings.Contains(err.Error(), "465b") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestFreshKeysDiffer(t *testing.T) {
	keys, err := NewKeys(bytes.NewReader([]byte("0123456789abcdefghijklmnopqrstuv")))
	if err != nil || string(keys.K) != "0123456789abcdef" || string(keys.OPc) != "ghijklmnopqrstuv" {
		t.Errorf("got %v", err)
	}
	if got := fmt.Sprintf("%v %+v", keys, keys); strings.Contains(got, "48") {
		t.Errorf("the keys print: %s", got)
	}
	if _, err := NewKeys(bytes.NewReader(keys.K)); err == nil {
		t.Error("half of the keys are missing")
	}
	keys.Clear()
	if keys.K[0] != 0 || keys.OPc[15] != 0 {
		t.Error("the keys are still there")
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add(keyText + " " + opText)
	f.Add(opcText + " " + keyText)
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := ParseKeys(text)
		if err != nil {
			return
		}
		again, err := ParseKeys(string(keys.Text()))
		if err != nil || !again.K.Equal(keys.K) || !again.OPc.Equal(keys.OPc) {
			t.Errorf("%q: got %v", text, err)
		}
	})
}
