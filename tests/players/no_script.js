// A viewer whose browser runs no scripts: from the first page by a search to a film's bytes.
//
//     node no_script.js CHROMIUM BASE WORDS TITLE
const { chromium } = require('playwright-core');

const [, , executablePath, base, words, title] = process.argv;
const args = ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'];

(async () => {
  const browser = await chromium.launch({ executablePath, args });
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  const told = (name) => console.log(name, page.url());
  await page.goto(base);
  told('HOME');
  await page.fill('#q', words);
  await page.click('form.search button');
  told('FOUND');
  await page.click(`a:has-text("${title}")`);
  told('CANDIDATES');
  // The picture is asked for as soon as the page of the film stands there.
  const bytes = page.waitForResponse((it) => new URL(it.url()).pathname.startsWith('/v/'));
  await page.click('button.main');
  const answer = await bytes;
  told('PLAYER');
  console.log('BYTES', answer.status(), answer.headers()['content-type'], answer.headers()['content-range']);
  const look = () => page.evaluate(() => {
    const video = document.querySelector('video');
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    return [video.videoWidth, video.duration, video.currentTime, totalVideoFrames];
  });
  const until = async (seen) => {
    for (;;) {
      const now = await look();
      if (seen(now)) { return now; }
      await page.waitForTimeout(100);
    }
  };
  await until(([width]) => width > 0);
  // What the browser itself does with a key, without the page.
  await page.focus('video');
  await page.keyboard.press('Space');
  console.log('PICTURE', ...(await until(([, , place]) => place > 1)));
  await browser.close();
})().catch((error) => { console.error(error); process.exit(1); });
