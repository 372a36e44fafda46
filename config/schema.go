package config

import (
	"github.com/hashicorp/hcl/v2"
)

// A schema is one block bound to the value that it fills. Decoder, reference page and Diff all work from it.
type schema struct {
	kind    string  // "connection"
	path    string  // of a block of whose kind there are several: "local.eap"
	like    string  // path of the block that has the same options, for the reference
	label   *string // where the block's label goes; nil: the block has none
	named   string  // what the label is, for the reference: "name"
	free    bool    // the label is a name that others have made, as that of a user
	origin  *Origin
	doc     string
	first   string // the option that is read before all others, whose defaults depend on it
	options []option
	blocks  []nested
	finish  func(*decoder) // fills computed defaults and checks options against each other
}

// An option is one attribute of a block.
type option struct {
	name     string
	slot     slot
	required bool
	computed string // the default in words when it depends on other options
	doc      string
	rfc      string // where the RFCs speak of it
	aka      string // what strongSwan's swanctl.conf calls it
}

// A slot reads the value of an option into a field.
type slot interface {
	// read stores the value of an expression or reports what is wrong with it.
	read(d *decoder, o *option, origin *Origin, expr hcl.Expression)
	// kind names the values for the reference: "duration", "list of files".
	kind() string
	// text is the stored value as a file would have it, "" for none.
	text() string
	// stored is the value, comparable with reflect.DeepEqual.
	stored() any
}

// nested is a kind of block inside a block.
type nested struct {
	kind     string
	many     bool // the blocks have labels, which tell them apart
	required bool
	within   func() []schema // the blocks with labels that are there, where they are part of the block around
	open     func() schema   // makes the value that a block fills, adds it to its parent, and binds it
}

// title names a block in messages: `connection "office"`.
func (s *schema) title() string {
	if s.label == nil || *s.label == "" {
		return s.kind
	}
	return s.kind + ` "` + *s.label + `"`
}

func (s *schema) option(name string) *option {
	for i := range s.options {
		if s.options[i].name == name {
			return &s.options[i]
		}
	}
	return nil
}

func (s *schema) nested(kind string) *nested {
	for i := range s.blocks {
		if s.blocks[i].kind == kind {
			return &s.blocks[i]
		}
	}
	return nil
}
