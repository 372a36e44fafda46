package esp

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestEveryDropHasALabelAndASentence(t *testing.T) {
	labels := map[string]bool{}
	for d := range Drop(NumDrops) {
		if d.String() == "" || d.Error() == "" || labels[d.String()] {
			t.Errorf("%d: %q, %q", uint8(d), d.String(), d.Error())
		}
		labels[d.String()] = true
	}
	if Drop(200).String() != ErrOther.String() {
		t.Errorf("an unknown reason is %q", Drop(200).String())
	}
}

func TestDropOf(t *testing.T) {
	for err, want := range map[error]Drop{
		nil:       0,
		ErrReplay: ErrReplay,
		fmt.Errorf("SA 1: %w", ErrAuthentication): ErrAuthentication,
		io.EOF: ErrOther,
	} {
		if got := DropOf(err); got != want {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
	if !errors.Is(fmt.Errorf("x: %w", ErrPadding), ErrPadding) {
		t.Error("a wrapped reason is not found")
	}
}
