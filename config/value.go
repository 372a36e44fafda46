package config

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"culvert/explain"
)

// A literal is one value of a file: a string, number or bool, or a call as file("name") with its one argument.
type literal struct {
	cty.Value
	call    string // "" for a plain value
	span    hcl.Range
	decoder *decoder
}

// literal evaluates an expression, which must be constant, or reports why it is none.
func (d *decoder) literal(o *option, expr hcl.Expression) (literal, bool) {
	expr = unwrap(expr)
	l := literal{span: expr.Range(), decoder: d}
	switch e := expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		hint := "write it in quotes"
		if word := hcl.ExprAsKeyword(e); word != "" && o.slot.kind() != secretKind {
			hint += ": " + quote(word)
		}
		d.report(explain.ConfigWrongType, l.span, finding{message: o.name + " takes no bare word", hint: hint})
		return l, false
	case *hclsyntax.FunctionCallExpr:
		return d.call(e, l)
	}
	v, ok := constant(expr)
	if !ok {
		d.report(explain.ConfigWrongType, l.span, finding{message: o.name + " takes a plain value, without variables, functions or null", expected: o.slot.kind()})
		return l, false
	}
	l.Value = v
	return l, true
}

// call reads file("name") and its like, which stand for what they name.
func (d *decoder) call(e *hclsyntax.FunctionCallExpr, l literal) (literal, bool) {
	if e.Name != "file" && e.Name != "credential" && !isStore(e.Name) {
		d.report(explain.ConfigWrongType, e.NameRange, finding{message: "there is no such function", hint: `there are file("name") and credential("name"), for keys pkcs11("uri"), tpm("handle") and ssh_agent("name"), and for certificates pkcs11("uri")`})
		return l, false
	}
	if len(e.Args) == 1 {
		if name, ok := stringOf(e.Args[0]); ok {
			l.call, l.Value = e.Name, cty.StringVal(name)
			return l, true
		}
	}
	d.report(explain.ConfigWrongType, l.span, finding{message: e.Name + " takes one name in quotes"})
	return l, false
}

// unwrap returns the expression inside "${...}", as JSON needs it for calls, and any other expression as it is.
func unwrap(expr hcl.Expression) hcl.Expression {
	if wrap, ok := expr.(*hclsyntax.TemplateWrapExpr); ok {
		return wrap.Wrapped
	}
	if _, native := expr.(hclsyntax.Expression); native {
		return expr
	}
	text, ok := stringOf(expr)
	if !ok {
		return expr
	}
	inner, opened := strings.CutPrefix(text, "${")
	inner, closed := strings.CutSuffix(inner, "}")
	if !opened || !closed || tooComplexExpression([]byte(inner)) {
		return expr
	}
	start := expr.Range().Start
	start.Column, start.Byte = start.Column+len(`"${`), start.Byte+len(`"${`)
	parsed, diags := hclsyntax.ParseExpression([]byte(inner), expr.Range().Filename, start)
	if diags.HasErrors() {
		return expr
	}
	return parsed
}

// constant returns the value of an expression that is one as it stands; nothing is computed. A list or an object is its
// bare type.
func constant(expr hcl.Expression) (v cty.Value, ok bool) {
	switch e := expr.(type) {
	case *hclsyntax.TupleConsExpr:
		return cty.EmptyTupleVal, true
	case *hclsyntax.ObjectConsExpr:
		return cty.EmptyObjectVal, true
	case *hclsyntax.ParenthesesExpr:
		return constant(e.Expression)
	case *hclsyntax.UnaryOpExpr:
		v, ok = constant(e.Val)
		return v, ok && v.Type() == cty.Number && e.Op == hclsyntax.OpNegate && negate(&v)
	case *hclsyntax.TemplateExpr:
		for _, part := range e.Parts {
			if _, ok := part.(*hclsyntax.LiteralValueExpr); !ok {
				return v, false
			}
		}
	case *hclsyntax.LiteralValueExpr:
	case hclsyntax.Expression:
		return v, false
	}
	v, diags := expr.Value(nil) // JSON strings are taken as they are without a context
	return v, !diags.HasErrors() && !v.IsNull() && v.IsKnown()
}

func negate(v *cty.Value) bool {
	*v = v.Negate()
	return true
}

// stringOf returns the string that an expression is.
func stringOf(expr hcl.Expression) (string, bool) {
	if key, ok := expr.(*hclsyntax.ObjectConsKeyExpr); ok {
		if word := hcl.ExprAsKeyword(key.Wrapped); word != "" {
			return word, true
		}
		expr = key.Wrapped
	}
	v, ok := constant(expr)
	if !ok || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// describe names what a literal is, for messages.
func (l literal) describe() string {
	switch t := l.Type(); {
	case l.call != "":
		return "the result of " + l.call
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsTupleType(), t.IsListType():
		return "a list"
	}
	return "an object"
}

// part returns the range of n octets from offset of a string's text; where escapes hide the place, that of the whole value.
func (l literal) part(offset, n int) hcl.Range {
	text := l.AsString()
	if n <= 0 || offset < 0 || offset+n > len(text) || l.decoder.source(l.span) != `"`+text+`"` {
		return l.span
	}
	r := l.span
	r.Start.Byte += 1 + offset
	r.Start.Column += 1 + utf8.RuneCountInString(text[:offset])
	r.End = r.Start
	r.End.Byte += n
	r.End.Column += utf8.RuneCountInString(text[offset : offset+n])
	return r
}
