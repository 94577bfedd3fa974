// A viewer at the page of a film: plays to a place, loads the page again, plays on.
//
//     node resume.js CHROMIUM URL UNTIL_S
const { chromium } = require('playwright-core');

const [, , executablePath, url, until] = process.argv;
const args = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'];

// In the page: plays to a place and pauses there, as a viewer does; tells where it began.
function watch(until) {
  const video = document.querySelector('video');
  video.muted = true;
  return new Promise((done, fail) => {
    const begin = () => {
      video.play().catch(fail);
      let began = null;
      setInterval(() => {
        if (video.seeking || video.currentTime === 0) { return; }
        if (began === null) { began = video.currentTime; }
        if (video.currentTime < began + until) { return; }
        video.pause();
        done([began, video.currentTime, video.getVideoPlaybackQuality().totalVideoFrames]);
      }, 50);
    };
    if (video.readyState >= 1) { begin(); } else { video.addEventListener('loadedmetadata', begin); }
  });
}

(async () => {
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  const told = () => page.waitForResponse((it) => it.request().method() === 'PUT');
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  const heard = told();
  console.log('FIRST', ...(await page.evaluate(watch, Number(until))));
  console.log('TOLD', (await heard).status());
  await page.waitForTimeout(500);
  await page.reload({ waitUntil: 'domcontentloaded' });
  console.log('AGAIN', ...(await page.evaluate(watch, 2)));
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
