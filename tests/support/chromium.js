// Chromium plays an address in a <video> from a place on, and tells where it stands.
//
//     node chromium.js CHROMIUM URL START_S END_S
const { chromium } = require('playwright-core');

const [, , executablePath, url, start, end] = process.argv;
const args = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'];

// In the page: tells the place ten times a second, until `end` or an error.
function play([url, start, end]) {
  const video = document.querySelector('video');
  return new Promise((done) => {
    video.onerror = () => done('ENDED ' + video.error.message);
    video.onloadedmetadata = () => {
      if (start > 0) { video.currentTime = start; }
      video.play();
      setInterval(() => {
        const frames = video.getVideoPlaybackQuality().totalVideoFrames;
        window.tell(`AT ${video.currentTime} ${frames}`);
        if (video.ended) { done('ENDED of itself'); }
        if (video.currentTime >= end && !video.seeking) { done(''); }
      }, 100);
    };
    video.src = url;
  });
}

(async () => {
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  await page.exposeFunction('tell', (line) => console.log(line));
  await page.setContent('<video muted></video>');
  const said = await page.evaluate(play, [url, Number(start), Number(end)]);
  if (said) { console.log(said); }
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
