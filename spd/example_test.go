package spd_test

import (
	"fmt"

	"culvert/spd"
)

func Example() {
	selector := func(text string) []spd.Selector {
		s, err := spd.ParseSelector(text)
		if err != nil {
			panic(err)
		}
		return []spd.Selector{s}
	}
	var db *spd.Database[string]
	for id, p := range []spd.Policy{
		{Action: spd.Protect, Selectors: spd.Selectors{Local: selector("10.1.0.0/16"), Remote: selector("10.2.0.0/16")}},
		{Action: spd.Bypass, Selectors: spd.Selectors{Local: selector("10.1.0.0/16[udp]"), Remote: selector("10.2.0.53[udp/53]")}},
	} {
		p.ID = uint32(id + 1)
		var err error
		if db, err = db.With(p, fmt.Sprint("policy ", p.ID)); err != nil {
			panic(err)
		}
	}
	query := spd.Flow{Source: selector("10.1.0.5")[0].Start, Destination: selector("10.2.0.53")[0].Start, Protocol: 17, SourcePort: 40000, DestinationPort: 53}
	found := db.Outbound(query)
	fmt.Println(found.Value, found.Action)
	query.DestinationPort = 123
	found = db.Outbound(query)
	fmt.Println(found.Value, found.Action)
	// Output:
	// policy 2 bypass
	// policy 1 protect
}

func ExampleIntersect() {
	proposed, _ := spd.ParseSelector("0.0.0.0/0")
	net, _ := spd.ParseSelector("10.1.0.0/16")
	dns, _ := spd.ParseSelector("192.0.2.53[udp/53]")
	fmt.Println(spd.Intersect([]spd.Selector{proposed}, []spd.Selector{net, dns}))
	// Output:
	// [10.1.0.0/16 192.0.2.53[udp/53]]
}
