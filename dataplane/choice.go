package dataplane

// Choice says where a mark or the number of an interface comes from. Data planes know Fixed ones alone.
type Choice uint8

// The choices.
const (
	Fixed        Choice = iota // it is as it stands
	Unique                     // a number that no other Child SA has, one for both directions
	PerDirection               // a number that no other direction of any Child SA has
	Same                       // of what is set on packets: the value of the mark that they are told by
)

// OwnNumbers tells whether each Child SA has marks or numbers of interfaces of its own.
func (k *Kernel) OwnNumbers() bool {
	for _, c := range []Choice{k.MarkIn.Choice, k.MarkOut.Choice, k.IfIDIn.Choice, k.IfIDOut.Choice} {
		if c != Fixed {
			return true
		}
	}
	return false
}

// Numbered returns k for a new Child SA, with numbers in the place of choices. Marks come from newMark, numbers of interfaces from
// newID. The masks of marks that are chosen have all bits up to one, and at least the first.
func (k Kernel) Numbered(newMark, newID func() uint32) Kernel {
	in, out := draw(k.MarkIn.Choice, k.MarkOut.Choice, func() uint32 {
		for {
			if n := newMark(); !k.MarkIn.hides(n) && !k.MarkOut.hides(n) {
				return n
			}
		}
	})
	k.MarkIn, k.MarkOut = k.MarkIn.fixed(in), k.MarkOut.fixed(out)
	k.IfIDIn, k.IfIDOut = ChooseInterfaces(k.IfIDIn, k.IfIDOut, newID)
	return k.settled()
}

// ChooseInterfaces puts numbers from next in the place of choices.
func ChooseInterfaces(in, out InterfaceID, next func() uint32) (InterfaceID, InterfaceID) {
	first, second := draw(in.Choice, out.Choice, next)
	return in.fixed(first), out.fixed(second)
}

// draw takes the numbers of both directions, a single one unless either direction wants its own.
func draw(in, out Choice, next func() uint32) (first, second uint32) {
	switch {
	case in == PerDirection || out == PerDirection:
		if in != Fixed {
			first = next()
		}
		if out != Fixed {
			second = next()
		}
	case in == Unique || out == Unique:
		first = next()
		second = first
	}
	return first, second
}

// NumberedAs returns k for a Child SA that takes the place of one with the numbers of old.
func (k Kernel) NumberedAs(old *Kernel) Kernel {
	k.MarkIn, k.MarkOut, k.IfIDIn, k.IfIDOut = old.MarkIn, old.MarkOut, old.IfIDIn, old.IfIDOut
	return k.settled()
}

// Inheriting returns k for a Child SA of an IKE SA that takes the place of another, with a child that had the numbers of old:
// what is to be chosen stays as it was chosen then. Numbered chooses the rest.
func (k Kernel) Inheriting(old *Kernel) Kernel {
	k.MarkIn, k.MarkOut = k.MarkIn.inherit(old.MarkIn), k.MarkOut.inherit(old.MarkOut)
	k.IfIDIn, k.IfIDOut = k.IfIDIn.Inherit(old.IfIDIn), k.IfIDOut.Inherit(old.IfIDOut)
	return k
}

func (m Mark) inherit(old Mark) Mark {
	if m.Choice == Fixed || old.Choice != Fixed || old.Mask != m.Mask || old.Value == 0 {
		return m
	}
	return old
}

// Inherit returns the number that was chosen before, if there is one to choose.
func (id InterfaceID) Inherit(old InterfaceID) InterfaceID {
	if id.Choice == Fixed || old.Choice != Fixed || old.Number == 0 {
		return id
	}
	return old
}

// Unnumbered returns k for a policy that belongs to no Child SA yet: without what would be of each one's own.
func (k Kernel) Unnumbered() Kernel {
	for _, m := range []*Mark{&k.MarkIn, &k.MarkOut} {
		if m.Choice != Fixed {
			*m = Mark{}
		}
	}
	for _, id := range []*InterfaceID{&k.IfIDIn, &k.IfIDOut} {
		if id.Choice != Fixed {
			*id = InterfaceID{}
		}
	}
	return k.settled()
}

// settled has the marks that packets get follow those that they are told by. The mask is their own.
func (k Kernel) settled() Kernel {
	k.SetMarkIn, k.SetMarkOut = k.SetMarkIn.as(k.MarkIn), k.SetMarkOut.as(k.MarkOut)
	return k
}

func (m Mark) as(other Mark) Mark {
	switch {
	case m.Choice != Same:
		return m
	case other == Mark{}:
		return Mark{}
	}
	return Mark{Value: other.Value & m.Mask, Mask: m.Mask}
}

// hides tells whether a number would leave nothing of a mark that is to be chosen.
func (m Mark) hides(n uint32) bool { return m.Choice != Fixed && m.Mask != 0 && n&m.Mask == 0 }

// fixed gives a mark that was to be chosen its value.
func (m Mark) fixed(n uint32) Mark {
	if m.Choice == Fixed {
		return m
	}
	return Mark{Value: n & m.Mask, Mask: m.Mask}
}

func (id InterfaceID) fixed(n uint32) InterfaceID {
	if id.Choice == Fixed {
		return id
	}
	return InterfaceID{Number: n}
}
