/* Copies the link of the player page. ES5; the page is whole without it. */
(function () {
  var buttons = document.querySelectorAll('button[data-copy]');
  function wire(button) {
    var field = document.getElementById(button.getAttribute('data-copy'));
    if (!field || !document.execCommand) { return; }
    button.removeAttribute('hidden');
    button.addEventListener('click', function () {
      field.focus();
      field.select();
      field.setSelectionRange(0, field.value.length);
      button.textContent = document.execCommand('copy') ? 'Copied' : 'Select and copy it';
    });
  }
  for (var i = 0; i < buttons.length; i++) { wire(buttons[i]); }
}());

/* Shows what a search finds as it comes. ES5. Without it, or without EventSource, links lead to the
   whole page. */
(function () {
  var links = document.querySelectorAll('a[href^="/watch/"]');
  var live = document.getElementById('live');
  var source, i;
  function enliven(link) {
    var to = link.getAttribute('href');
    link.setAttribute('href', to + (to.indexOf('?') < 0 ? '?' : '&') + 'live=1');
  }
  /* Who has gone to a row with the keys of a remote control stays on it. */
  function focused() {
    var at = document.activeElement;
    var form = at && at.form;
    var chosen = form && form.querySelector('input[name="info_hash"]');
    return chosen ? chosen.value : (form && live.contains(form) ? '' : null);
  }
  function focus(hash) {
    var forms = hash === null ? [] : live.querySelectorAll('form');
    var chosen, j;
    for (j = 0; j < forms.length; j++) {
      chosen = forms[j].querySelector('input[name="info_hash"]');
      if ((chosen ? chosen.value : '') === hash) {
        forms[j].querySelector('button').focus();
        return;
      }
    }
  }
  function show(event) {
    var hash = focused();
    var about = live.querySelector('.about');
    var head;
    /* What the title is about is told once, and stays. */
    if (about) { about.parentNode.removeChild(about); }
    live.innerHTML = event.data;
    head = live.querySelector('h1');
    if (about && head) { head.parentNode.insertBefore(about, head.nextSibling); }
    focus(hash);
  }
  function whole() {
    source.close();
    location.replace(live.getAttribute('data-whole'));
  }
  if (window.EventSource) {
    for (i = 0; i < links.length; i++) { enliven(links[i]); }
  }
  if (!live) { return; }
  if (!window.EventSource) {
    location.replace(live.getAttribute('data-whole'));
    return;
  }
  source = new EventSource(live.getAttribute('data-events'));
  source.addEventListener('index', function (event) {
    var progress = document.getElementById('progress');
    if (progress) { progress.textContent = event.data; }
  });
  source.addEventListener('found', show);
  source.addEventListener('done', function () { source.close(); });
  source.onerror = whole;
}());

/* Tells the server where the picture stands, so that it can be gone on with. ES5. */
(function () {
  var video = document.querySelector('video[data-watched]');
  var told = 0;
  function tell() {
    var request;
    if (!video.duration || !isFinite(video.duration) || !video.currentTime) { return; }
    told = video.currentTime;
    request = new XMLHttpRequest();
    request.open('PUT', video.getAttribute('data-watched'));
    request.setRequestHeader('Content-Type', 'application/json');
    request.send(JSON.stringify({ position_s: video.currentTime, duration_s: video.duration }));
  }
  if (!video) { return; }
  video.addEventListener('timeupdate', function () {
    if (Math.abs(video.currentTime - told) >= 10) { tell(); }
  });
  video.addEventListener('pause', tell);
}());
