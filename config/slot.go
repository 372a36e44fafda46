package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"culvert/explain"
)

// A reader turns one literal into a T.
type reader[T any] struct {
	kind   string                     // "duration", for the reference
	expect string                     // `a duration such as "3h12m"`, for messages
	parse  func(l literal) (T, error) // an error may be a *mistake or errType
	format func(v T) string           // as a file would have it; nil: it is not shown
	same   func(v T) any              // what two equal values have in common; nil: the value
}

// comparable returns what Diff compares of a value.
func (r reader[T]) comparable(v T) any {
	if r.same != nil {
		return r.same(v)
	}
	return v
}

// errType means that a literal has another type than its option.
var errType = errors.New("wrong type")

// A mistake is an error in a value that says more than its text.
type mistake struct {
	code        explain.Code // "" is ConfigBadValue
	offset, len int          // the octets of the text that are wrong; len 0: all
	message     string
	hint        string
}

func (m *mistake) Error() string { return m.message }

// take reads one expression; it reports what is wrong.
func (r reader[T]) take(d *decoder, o *option, expr hcl.Expression) (v T, ok bool) {
	l, ok := d.literal(o, expr)
	if !ok {
		return v, false
	}
	v, err := r.parse(l)
	if err != nil {
		r.refuse(d, o, l, err)
	}
	return v, err == nil
}

func (r reader[T]) refuse(d *decoder, o *option, l literal, err error) {
	code, span := explain.ConfigBadValue, l.span
	f := finding{message: o.name + ": " + err.Error(), expected: r.expect}
	var m *mistake
	switch {
	case errors.Is(err, errType):
		code, f.message = explain.ConfigWrongType, o.name+" cannot be "+l.describe()
	case errors.As(err, &m):
		f.hint, span = m.hint, l.part(m.offset, m.len)
		if m.code != "" {
			code, f.expected = m.code, ""
		}
	}
	d.report(code, span, f)
}

// one is the slot of a single value.
func one[T any](dst *T, r reader[T]) slot { return &single[T]{dst, r} }

type single[T any] struct {
	dst    *T
	reader reader[T]
}

func (s *single[T]) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	origin.record(o.name, expr.Range())
	if v, ok := s.reader.take(d, o, expr); ok {
		*s.dst = v
	}
}

func (s *single[T]) kind() string { return s.reader.kind }
func (s *single[T]) stored() any  { return s.reader.comparable(*s.dst) }

func (s *single[T]) text() string {
	if s.reader.format == nil {
		return ""
	}
	return s.reader.format(*s.dst)
}

// optional is the slot of a value that may be absent.
func optional[T any](dst **T, r reader[T]) slot { return &pointer[T]{dst, r} }

type pointer[T any] struct {
	dst    **T
	reader reader[T]
}

func (p *pointer[T]) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	origin.record(o.name, expr.Range())
	if v, ok := p.reader.take(d, o, expr); ok {
		*p.dst = &v
	}
}

func (p *pointer[T]) kind() string { return p.reader.kind }
func (p *pointer[T]) text() string { return "" }

func (p *pointer[T]) stored() any {
	if *p.dst == nil {
		return nil
	}
	return p.reader.comparable(**p.dst)
}

// many is the slot of a list; a list of one may be written without brackets.
func many[T any](dst *[]T, r reader[T]) slot { return &list[T]{dst, r} }

type list[T any] struct {
	dst    *[]T
	reader reader[T]
}

func (s *list[T]) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	origin.record(o.name, expr.Range())
	values := []T{}
	for i, e := range elements(expr) {
		origin.record(element(o.name, i), e.Range())
		if v, ok := s.reader.take(d, o, e); ok {
			values = append(values, v)
		}
	}
	*s.dst = values
}

func (s *list[T]) kind() string { return "list of " + s.reader.kind }

func (s *list[T]) stored() any {
	all := make([]any, len(*s.dst))
	for i, v := range *s.dst {
		all[i] = s.reader.comparable(v)
	}
	return all
}

func (s *list[T]) text() string {
	if s.reader.format == nil {
		return "[]"
	}
	texts := make([]string, len(*s.dst))
	for i, v := range *s.dst {
		texts[i] = s.reader.format(v)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// elements returns the expressions of a list, or the expression itself.
func elements(expr hcl.Expression) []hcl.Expression {
	if list, diags := hcl.ExprList(expr); !diags.HasErrors() {
		return list
	}
	return []hcl.Expression{expr}
}

// element names an element of a list for Origin: "pools[0]".
func element(option string, i int) string { return fmt.Sprintf("%s[%d]", option, i) }

// table is the slot of an object with free keys.
func table[T any](dst *map[string]T, key string, r reader[T]) slot { return &object[T]{dst, key, r} }

type object[T any] struct {
	dst    *map[string]T
	key    string
	reader reader[T]
}

func (s *object[T]) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	origin.record(o.name, expr.Range())
	values := make(map[string]T)
	for _, pair := range d.pairs(o.name, expr) {
		if _, twice := values[pair.text]; twice {
			d.report(explain.ConfigDuplicate, pair.span, finding{message: fmt.Sprintf("%s has %s twice", o.name, quote(pair.text))})
		}
		origin.record(o.name+"["+pair.text+"]", pair.value.Range())
		if v, ok := s.reader.take(d, o, pair.value); ok {
			values[pair.text] = v
		}
	}
	*s.dst = values
}

func (s *object[T]) kind() string { return "object of " + s.key + " = " + s.reader.kind }
func (s *object[T]) text() string { return "{}" }

func (s *object[T]) stored() any {
	all := make(map[string]any)
	for key, v := range *s.dst {
		all[key] = s.reader.comparable(v)
	}
	return all
}

// sorted returns the keys of a table in order.
func sorted[T any](table map[string]T) []string { return slices.Sorted(maps.Keys(table)) }
