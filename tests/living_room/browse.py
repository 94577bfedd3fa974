"""Reads the whole tree of a media server as async-upnp-client's DmsDevice does, page by page.

browse.py OWN_ADDRESS DESCRIPTION PAGE DEPTH PREFIXES
Prints a JSON object: every object by its id with what a list tells of it, how long a page took, and
the events that came. PAGE is the RequestedCount. PREFIXES, parted by commas: folders of the root that
are looked into; - for all.
"""
import asyncio
import json
import sys
import time

import aiohttp
from async_upnp_client.aiohttp import AiohttpNotifyServer, AiohttpSessionRequester
from async_upnp_client.client_factory import UpnpFactory
from async_upnp_client.profiles.dlna import DmsDevice


async def main(own, description, page, depth, prefixes):
    async with aiohttp.ClientSession() as session:
        requester = AiohttpSessionRequester(session, timeout=60)
        factory = UpnpFactory(requester)  # strict: what does not conform is an error
        upnp = await factory.async_create_device(description)
        listener = AiohttpNotifyServer(requester, source=(own, 0))
        await listener.async_start_server()
        device = DmsDevice(upnp, listener.event_handler)
        events = []
        device.on_event = lambda service, variables: events.append(
            [service.service_type, sorted(variable.name for variable in variables)]
        )
        await device.async_subscribe_services()
        await device.async_update()

        found, pages = {}, []
        folders = [("0", depth)]
        while folders:
            folder, left = folders.pop()
            start = 0
            while True:
                began = time.monotonic()
                answer = await device.async_browse_direct_children(
                    folder, starting_index=start, requested_count=page
                )
                pages.append(time.monotonic() - began)
                for row in answer.result:
                    told = {
                        "parent": row.parent_id,
                        "title": row.title,
                        "class": row.upnp_class,
                        "res": [
                            {
                                "uri": res.uri,
                                "protocol": res.protocol_info,
                                "size": res.size,
                                "duration": res.duration,
                            }
                            for res in getattr(row, "res", [])
                        ],
                    }
                    assert found.get(row.id, told) == told, (found[row.id], told)
                    found[row.id] = told
                    inside = folder != "0" or prefixes == ["-"] or row.id in prefixes
                    if left and inside and row.upnp_class.startswith("object.container"):
                        folders.append((row.id, left - 1))
                start += answer.number_returned
                if start >= answer.total_matches or not answer.number_returned:
                    break
        first = next((key for key, row in found.items() if row["res"]), None)
        metadata = None
        if first:
            one = await device.async_browse_metadata(first)
            metadata = {"id": one.id, "title": one.title, "same": one.title == found[first]["title"]}
        root = await device.async_browse_metadata("0")
        films = await device.async_search_directory(
            "0", 'upnp:class derivedfrom "object.item.videoItem" and dc:title contains "tom"'
        )
        music = await device.async_search_directory(
            "0", 'upnp:class derivedfrom "object.item.audioItem"'
        )
        protocols = await device.async_get_protocol_info()
        for _ in range(300):
            if len(events) >= 2:
                break
            await asyncio.sleep(0.1)
        subscribed = device.is_subscribed
        await device.async_unsubscribe_services()
        await listener.async_stop_server()
        json.dump(
            {
                "name": device.name,
                "udn": device.udn,
                "found": found,
                "metadata": metadata,
                "root": [root.id, root.parent_id],
                "films": sorted(row.title for row in films.result),
                "music": len(music.result),
                "protocols": len(protocols["source"]),
                "subscribed": subscribed,
                "events": events,
                "pages": [len(pages), max(pages), sorted(pages)[len(pages) // 2]],
            },
            sys.stdout,
        )


own, description, page, depth, prefixes = sys.argv[1:]
asyncio.run(main(own, description, int(page), int(depth), prefixes.split(",")))
