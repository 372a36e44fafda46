package vici

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

func TestDialTellsThatNobodyListens(t *testing.T) {
	if c, err := Dial(t.Context(), filepath.Join(t.TempDir(), "none")); c != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, %v", c, err)
	}
}
