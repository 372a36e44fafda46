package swanctl

import "strings"

// A target is what rows write options into.
type target interface{ setter() *block }

// setBool writes a bool under its name in Culvert.
func setBool[T target](name string) func(T, value) error {
	return func(to T, v value) error {
		b, err := yes(v.text())
		if err == nil {
			to.setter().set(v.origin, name, truth(b))
		}
		return err
	}
}

// setTime writes a time.
func setTime[T target](name string) func(T, value) error {
	return func(to T, v value) error {
		d, err := seconds(v.text())
		if err == nil {
			to.setter().set(v.origin, name, duration(d))
		}
		return err
	}
}

// setWord writes one of some words that Culvert has as well.
func setWord[T target](name string, words ...string) func(T, value) error {
	return func(to T, v value) error {
		w, err := word(v.text(), words...)
		if err == nil {
			to.setter().set(v.origin, name, quote(w))
		}
		return err
	}
}

// nothing reads a value for its form alone.
func nothing[T any](check func(string) error) func(T, value) error {
	return func(_ T, v value) error { return check(v.text()) }
}

func isBool(s string) error {
	_, err := yes(s)
	return err
}

func isTime(s string) error {
	_, err := seconds(s)
	return err
}

// isNo tells whether a value asks for nothing.
func isNo(s string) bool {
	b, err := yes(s)
	return err == nil && !b
}

// refuseUnless refuses a key unless its value asks for nothing.
func refuseUnless[T any](reason string, harmless func(string) bool) func(T, value) error {
	return func(_ T, v value) error {
		if harmless(v.text()) {
			return nil
		}
		return &mistake{reason, "leave it out"}
	}
}

// refuseAlways refuses a key whatever it says.
func refuseAlways[T any](reason string) func(T, value) error {
	return refuseUnless[T](reason, func(s string) bool { return strings.TrimSpace(s) == "" })
}
