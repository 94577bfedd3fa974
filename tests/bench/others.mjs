// Streams torrents over HTTP with an npm package, as the programs that are built on it do:
//
//     node others.mjs webtorrent|torrent-stream MODULES FOLDER
//
// says "listening PORT"; POST / with a magnet answers the path of its first file once the torrent's
// description is here; GET of that path gives bytes. Peers come from the magnet's tracker alone: no
// DHT, no LSD, no PEX, no port forwarding, no encryption. Otherwise the package's defaults.
import http from 'node:http'
import { createRequire, register } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , name, modules, folder] = process.argv

// Each gives a function from a magnet to a file with a length and createReadStream().
const engines = {
  'torrent-stream': async () => {
    const torrentStream = createRequire(path.join(modules, 'package.json'))('torrent-stream')
    return magnet => new Promise(resolve => {
      const options = { dht: false, tmp: folder, path: path.join(folder, 'torrents') }
      const engine = torrentStream(magnet, options, () => resolve(engine.files[0]))
    })
  },
  webtorrent: async () => {
    // It wants WebRTC, compiled for the machine, though no peer here speaks it.
    const words = ['RTCPeerConnection', 'RTCSessionDescription', 'RTCIceCandidate']
    const empty = `data:text/javascript,${words.map(word => `export class ${word} {}`).join(';')}`
    register(`data:text/javascript,${encodeURIComponent(`export const resolve = (asked, context, next) =>
      asked === 'webrtc-polyfill' ? { url: ${JSON.stringify(empty)}, shortCircuit: true } : next(asked, context)`)}`)
    const entry = path.join(modules, 'node_modules/webtorrent/index.js')
    const { default: WebTorrent } = await import(pathToFileURL(entry))
    const client = new WebTorrent({
      dht: false, lsd: false, utPex: false, natUpnp: false, natPmp: false, utp: false, webSeeds: false, secure: 0
    })
    client.on('error', fault => { console.error(fault); process.exit(1) })
    return magnet => new Promise(resolve => {
      client.add(magnet, { path: path.join(folder, 'torrents') }, torrent => resolve(torrent.files[0]))
    })
  }
}

const open = await engines[name]()
const files = []

const server = http.createServer(async (request, response) => {
  if (request.method === 'POST') {
    let magnet = ''
    for await (const part of request) magnet += part
    const number = files.push(await open(magnet)) - 1
    response.end(JSON.stringify({ path: `/${number}` }))
    return
  }
  const file = files[Number(request.url.slice(1))]
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const start = from ? Number(from[1]) : 0
  if (from) response.setHeader('Content-Range', `bytes ${start}-${file.length - 1}/${file.length}`)
  response.writeHead(from ? 206 : 200, { 'Content-Length': file.length - start, 'Accept-Ranges': 'bytes' })
  const bytes = file.createReadStream({ start, end: file.length - 1 })
  bytes.on('error', () => response.destroy())
  // Whoever hangs up wants nothing more of it.
  response.on('close', () => bytes.destroy())
  bytes.pipe(response)
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
