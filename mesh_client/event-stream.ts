/** Server-sent events, read as the HTML standard says (section 9.2.6). */
export interface ServerSentEvent {
  /** `message` where the server named none. */
  event: string;
  data: string;
  /** The last id that was seen, this event's own included. */
  lastEventId: string;
}

/** The events of a stream of bytes; one that was not ended by an empty line is dropped. */
export async function* readEvents(
  stream: AsyncIterable<Uint8Array>,
  lastEventId = '',
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let id = lastEventId;
  let event = '';
  let data: string[] = [];
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), lastEventId: id };
        event = '';
        data = [];
        continue;
      }
      const [, field, value = ''] = /^([^:]*)(?::\u0020?(.*))?$/s.exec(line)!;
      if (field === 'data') data.push(value);
      else if (field === 'event') event = value;
      else if (field === 'id' && !value.includes('\0')) id = value;
    }
  }
}
