package service

import (
	"strconv"
	"strings"

	"culvert/swanctl/settings"
)

// integer reads a number as C's strtol does with any base. What is missing or no number is the default.
func integer(request *settings.Section, name string, def int) int {
	n, err := strconv.ParseInt(strings.TrimSpace(request.Text(name)), 0, 32)
	if err != nil {
		return def
	}
	return int(n)
}

// identifier reads the number of an SA; 0 is none.
func identifier(request *settings.Section, name string) uint32 {
	n, err := strconv.ParseUint(strings.TrimSpace(request.Text(name)), 0, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// yes reads a switch that is off unless it is on.
func yes(request *settings.Section, name string) bool {
	switch strings.ToLower(request.Text(name)) {
	case "yes", "true", "enabled", "1":
		return true
	}
	return false
}

// given tells whether there is a value, whatever it is.
func given(request *settings.Section, name string) bool {
	_, ok := request.Get(name, settings.Value)
	return ok
}
