import './shape.ts';
import './constructor-protocols.ts';
import './states.ts';
import './close.ts';
import './send.ts';
import './buffered-amount.ts';
import './binary-type.ts';
import './events.ts';
import './listeners.ts';
import './handlers.ts';
import './delivery.ts';
import './endings.ts';
// Last: browsers slow down connections when many have failed, as these do.
import './constructor-urls.ts';
