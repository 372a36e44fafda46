package daemon

import (
	"context"
	"time"

	"culvert/ike"
	"culvert/radius"
	"culvert/supervisor"
)

// goodbye is how long a daemon that ends waits for its peers to hear of it.
const goodbye = 3 * time.Second

// sayGoodbye closes every IKE SA and gives the peers a moment to hear of it. Nobody can connect any more.
func (d *Daemon) sayGoodbye() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	d.engine.sessions.ending(radius.AdminReboot)
	for _, l := range d.engine.shards {
		l.box.put(ike.SetConnections{Connections: ike.NewConnections()})
	}
	err := d.engine.supervisor.pursue(ctx, pursuit{
		begin:   func(now time.Time) ([]supervisor.Action, error) { return d.machine().Configure(now, nil, nil), nil },
		see:     func(n ike.News) (bool, error) { return n.Kind == ike.NewsClosed, nil },
		reached: func() bool { return d.machine().Len() == 0 },
	})
	if err != nil {
		d.engine.log.Warn("not all peers have answered our goodbye")
	}
	ctx, cancel = context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	d.engine.radius.sayGoodbye(ctx)
	d.engine.updowns.sayGoodbye()
	d.engine.webhooks.sayGoodbye()
	d.engine.telemetry.sayGoodbye()
}
