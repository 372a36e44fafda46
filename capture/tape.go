package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A tape reads a file from its beginning to its end, and knows where it is.
type tape struct {
	r      *bufio.Reader
	offset int64
}

func newTape(r io.Reader) *tape { return &tape{r: bufio.NewReaderSize(r, 64<<10)} }

// begin fills b with the first octets of something. It returns io.EOF at the end of the file, and io.ErrUnexpectedEOF if less
// than b is left.
func (t *tape) begin(b []byte) error {
	n, err := io.ReadFull(t.r, b)
	t.offset += int64(n)
	return err
}

// read fills b with what belongs to something that has begun: the end of the file is never expected.
func (t *tape) read(b []byte) error { return early(t.begin(b)) }

// skip passes over octets, which are expected likewise.
func (t *tape) skip(n int64) error {
	done, err := io.CopyN(io.Discard, t.r, n)
	t.offset += done
	return early(err)
}

// take reads so many octets, or passes over them, and returns nil, if they are more than there should be.
func (t *tape) take(n, most int64) ([]byte, error) {
	if n > most {
		return nil, t.skip(n)
	}
	b := make([]byte, n)
	return b, t.read(b)
}

func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A CutError means that a file ends within a block or packet: the capture was interrupted, or the length there is wrong.
type CutError struct {
	What   string // "block" or "packet"
	Offset int64  // where it begins, in octets
	Length int64  // that it is to have
}

// or is the error, if it is one of an end that comes too early, and the error itself otherwise.
func (e *CutError) or(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return e
	}
	return err
}

// Error tells where the file ends too early.
func (e *CutError) Error() string {
	return fmt.Sprintf("the file ends within the %s at offset %d, which is to have %d octets", e.What, e.Offset, e.Length)
}
