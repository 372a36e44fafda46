package nl

// Append encodes the name of a state as DelSA, GetSA, GetAE and NewAE have it at their beginning.
func (id *StateID) Append(b []byte) []byte {
	w := writer(b)
	id.append(&w)
	w.mark(id.Mark)
	return w
}

func (id *StateID) append(w *writer) {
	w.addr(id.Destination)
	w.be32(id.SPI)
	w.u16(family(id.Destination))
	w.u8(ProtocolESP, 0)
}

func readStateID(r *reader) (id StateID) {
	destination := r.raw()
	id.SPI = r.be32()
	id.Destination = place(destination, r.u16())
	r.skip(2)
	return id
}
