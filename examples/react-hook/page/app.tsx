import { useState } from 'react';
import type { ReactElement } from 'react';
import { Room } from './room.tsx';

const ROOMS = ['red', 'blue'] as const;

export function App(): ReactElement {
  const [room, setRoom] = useState<string>(ROOMS[0]);
  const [isShown, setIsShown] = useState(true);
  const [renders, setRenders] = useState(1);

  return (
    <>
      <div className="buttons">
        <label>
          Room{' '}
          <select
            id="room"
            value={room}
            onChange={({ target }) => {
              setRoom(target.value);
            }}
          >
            {ROOMS.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button
          id="render"
          type="button"
          onClick={() => {
            setRenders(renders + 1);
          }}
        >
          Render again
        </button>
        <button
          id="toggle"
          type="button"
          aria-expanded={isShown}
          onClick={() => {
            setIsShown(!isShown);
          }}
        >
          {isShown ? 'Leave the room' : 'Enter the room'}
        </button>
      </div>
      {isShown && <Room name={room} renders={renders} />}
    </>
  );
}
