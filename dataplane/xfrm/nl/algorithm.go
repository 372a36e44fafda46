package nl

import (
	"bytes"

	"culvert/secret"
)

// nameLen is the room for the name of an algorithm, with the zero behind it.
const nameLen = 64

// An Algorithm is a cipher with its key, by its name in the kernel, as "cbc(aes)". The zero Algorithm is none.
type Algorithm struct {
	Name string
	Key  secret.Bytes
	ICV  int // in bits; of encryption without authentication it is 0
}

// Present tells an algorithm from none.
func (a *Algorithm) Present() bool { return a.Name != "" }

func (w *writer) algorithm(t attribute, a *Algorithm, icv bool) {
	if !a.Present() {
		return
	}
	w.attr(t, func(w *writer) {
		name := a.Name[:min(len(a.Name), nameLen-1)]
		w.u8([]byte(name)...)
		w.zero(nameLen - len(name))
		w.u32(uint32(len(a.Key) * 8))
		if icv {
			w.u32(uint32(a.ICV))
		}
		w.u8(a.Key...)
	})
}

func readAlgorithm(r *reader, icv bool) (a Algorithm) {
	name := r.take(nameLen)
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	a.Name = string(name)
	bits := r.u32()
	if icv {
		a.ICV = int(r.u32())
	}
	if uint64(bits+7)/8 > uint64(len(r.b)) {
		r.short = true
		return a
	}
	a.Key = bytes.Clone(r.take(int(bits+7) / 8))
	return a
}
